"""A conversation lasts a round, and no longer."""

from pathlib import Path

from kernel_opt.edges.agents.conversation import note_call, open_conversation
from kernel_opt.edges.agents.proposal_schema import proposal_schema
from kernel_opt.model.hypothesis import Usage


def test_what_an_agent_keeps_is_gone_with_the_round(tmp_path: Path) -> None:
    """It could have planted something in its own home."""
    home = tmp_path / "agent"
    known, private = open_conversation(home, 1)
    (private / "planted").touch()
    note_call(home, known, "s1", Usage(), is_total=False)
    known, private = open_conversation(home, 1)
    assert (known.session, (private / "planted").exists()) == ("s1", True)
    known, private = open_conversation(home, 2)
    assert (known.session, (private / "planted").exists()) == ("", False)


def test_a_file_that_is_no_conversation_begins_a_new_one(tmp_path: Path) -> None:
    """Cut off by a crash, or written by somebody else."""
    home = tmp_path / "agent"
    home.mkdir()
    for content in ("", "{", '{"round": "x"}', "[]"):
        (home / "conversation.json").write_text(content)
        assert open_conversation(home, 1)[0].session == ""


def test_totals_and_single_figures_are_told_apart(tmp_path: Path) -> None:
    """A total that belongs to another conversation is all of this call's own."""
    home = tmp_path / "agent"
    known, _ = open_conversation(home, 1)
    assert note_call(home, known, "s1", Usage(input_tokens=10), is_total=True).input_tokens == 10
    known, _ = open_conversation(home, 1)
    assert note_call(home, known, "s1", Usage(input_tokens=25), is_total=True).input_tokens == 15
    known, _ = open_conversation(home, 1)
    assert note_call(home, known, "s2", Usage(input_tokens=7), is_total=True).input_tokens == 7
    known, _ = open_conversation(home, 1)
    assert note_call(home, known, "s2", Usage(input_tokens=5), is_total=False).input_tokens == 5
    assert open_conversation(home, 1)[0].spent.input_tokens == 12


def test_the_schema_is_strict_and_whole() -> None:
    """Every property is required and no other allowed, at every depth, without a reference: servers take no less."""

    def walk(part: object) -> None:
        if isinstance(part, dict):
            assert "$ref" not in part
            if "properties" in part:
                assert part["required"] == list(part["properties"])
                assert part["additionalProperties"] is False
            for one in part.values():
                walk(one)
        if isinstance(part, list):
            for one in part:
                walk(one)

    schema = proposal_schema()
    walk(schema)
    assert set(schema["properties"]) == {
        "hypothesis",
        "bottlenecks",
        "targets",
        "predicted",
        "why",
        "risk",
        "differs",
        "deeper",
    }
