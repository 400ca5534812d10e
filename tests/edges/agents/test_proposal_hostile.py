"""Whatever a proposer leaves as its proposal, it is a sound hypothesis or a reason."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from kernel_opt.edges.agents.command import CommandProposer
from kernel_opt.edges.agents.proposal_file import SIZE_CAP_BYTES, TEXT_CAP_CHARS, read_proposal
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from kernel_opt.model.hypothesis import Hypothesis, Usage
from kernel_opt.model.proposal import Reply
from kernel_opt.model.settings import AgentSettings
from tests.edges.agents.asking import make_worktree, nobody, request

quick = profile(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["bottlenecks", "targets", "predicted", "why", "risk", "differs", "usage", "notes"])


def read(folder: Path, content: bytes) -> tuple[Hypothesis, Usage]:
    path = folder / "proposal.json"
    path.write_bytes(content)
    return read_proposal(path)


@quick
@given(
    st.binary(max_size=200)
    | st.dictionaries(KEYS, JSON).map(lambda more: json.dumps({"hypothesis": "x"} | more).encode())
)
def test_anything_is_a_hypothesis_or_a_reason(tmp_path: Path, content: bytes) -> None:
    """Never another error; the sentence is one line, and no cost is negative."""
    try:
        claim, usage = read(tmp_path, content)
    except ReadFailedError:
        return
    assert "\n" not in claim.sentence
    assert usage.wall_s >= 0
    assert all(value is None or value >= 0 for value in (usage.cost_usd, usage.input_tokens, usage.output_tokens))


@pytest.mark.parametrize("depth", [5_000, 100_000])
def test_nesting_without_end_is_refused(tmp_path: Path, depth: int) -> None:
    """It must not end the daemon, nor pass for a defect of ours."""
    with pytest.raises(ReadFailedError, match="is not a proposal"):
        read(tmp_path, b'{"hypothesis": "x", "notes": ' + b"[" * depth + b"]" * depth + b"}")


def test_figures_that_cannot_be_are_unknown(tmp_path: Path) -> None:
    """A negative cost would let a run spend more than its budget."""
    usage = {"cost_usd": -5.0, "input_tokens": -1, "output_tokens": 10**30, "wall_s": -3.0}
    assert read(tmp_path, json.dumps({"hypothesis": "x", "usage": usage}).encode())[1] == Usage()


def test_texts_are_bounded(tmp_path: Path) -> None:
    """They go into the journal, a commit and later briefs."""
    claim, _ = read(tmp_path, json.dumps({"hypothesis": " a\n b ", "why": "w" * 9999, "risk": "r" * 9999}).encode())
    assert (claim.sentence, len(claim.why), len(claim.risk)) == ("a b", TEXT_CAP_CHARS, TEXT_CAP_CHARS)
    with pytest.raises(ReadFailedError, match="larger than 256 KiB"):
        read(tmp_path, b" " * (SIZE_CAP_BYTES + 1))


def test_a_file_of_that_name_in_the_repository_is_no_proposal(tmp_path: Path) -> None:
    """It belongs to the tree, is not taken for an answer, and stays."""
    tree = make_worktree(tmp_path)
    (tree / "proposal.json").write_text('{"hypothesis": "old"}')
    answer = CommandProposer(AgentSettings(command=("true",))).work(request(tree), nobody)
    assert answer.reply is Reply.NOTHING
    assert (tree / "proposal.json").exists()


def test_a_program_that_went_away_is_told_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait will bring it back; one that is there and does not start is the machine's fault."""
    gone = CommandProposer(AgentSettings(command=("no-such-program",)))
    answer = gone.work(request(make_worktree(tmp_path)), nobody)
    assert (answer.reply, answer.detail) == (Reply.BARRED, "no-such-program is not installed or not on PATH")
    monkeypatch.setattr(gone, "find_problem", lambda: None)
    with pytest.raises(InfrastructureError, match="could not be started"):
        gone.work(request(tmp_path / "tree"), nobody)


def test_what_is_asked_for_by_name_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login may live in the user's home; without being named it stays hidden."""
    tree = make_worktree(tmp_path)
    monkeypatch.setenv("HOME", "/home/user")
    monkeypatch.setenv("SECRET_KEY", "k")
    script = ("sh", "-c", 'echo "$HOME $SECRET_KEY" > seen')
    CommandProposer(AgentSettings(command=script)).work(request(tree), nobody)
    assert (tree / "seen").read_text() == f"{tmp_path}/call/home/home \n"
    passed = AgentSettings(command=script, pass_environment=("HOME", "SECRET_KEY", "NO_SUCH"))
    CommandProposer(passed).work(request(tree), nobody)
    assert (tree / "seen").read_text() == "/home/user k\n"
