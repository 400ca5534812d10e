"""The proposal file: read with suspicion, told in words when it is none."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_opt.edges.agents.proposal_file import SIZE_CAP_BYTES, read_proposal
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.hypothesis import Direction

WHOLE = {
    "hypothesis": "Wider\n  loads.",
    "bottlenecks": ["H1"],
    "targets": ["a=1"],
    "predicted": {"metric": "gpu_time", "direction": "faster", "size_pct": 5},
    "why": "w",
    "risk": "r",
    "differs": "d",
    "deeper": True,
    "usage": {"input_tokens": 10, "output_tokens": 2, "cost_usd": 0.5},
    "notes of its own": [1, 2],
}


def test_everything_it_says_is_read(tmp_path: Path) -> None:
    """The sentence becomes one line; notes of its own are ignored."""
    path = tmp_path / "proposal.json"
    path.write_text(json.dumps(WHOLE))
    hypothesis, usage = read_proposal(path)
    assert (hypothesis.sentence, hypothesis.bottlenecks, hypothesis.targets) == ("Wider loads.", ("H1",), ("a=1",))
    assert (hypothesis.prediction.direction, hypothesis.prediction.size_pct) == (Direction.FASTER, 5)
    assert (hypothesis.why, hypothesis.risk, hypothesis.differs, hypothesis.deeper) == ("w", "r", "d", True)
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (10, 2, 0.5)


def test_only_the_hypothesis_is_needed(tmp_path: Path) -> None:
    """What is not said is empty, or unknown."""
    path = tmp_path / "proposal.json"
    path.write_text('{"hypothesis": "x"}')
    hypothesis, usage = read_proposal(path)
    assert (hypothesis.bottlenecks, hypothesis.prediction.size_pct, usage.cost_usd) == ((), None, None)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a proposal"),
        (b"{}", "is not a proposal"),
        (b'{"hypothesis": 3}', "is not a proposal"),
        (b'{"hypothesis": "\xff"}', "is not a proposal"),
        (b'{"hypothesis": "x", "predicted": {"direction": "sideways"}}', "is not a proposal"),
        (b" " * (SIZE_CAP_BYTES + 1), "larger than 256 KiB"),
    ],
)
def test_what_is_none_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    """With the reason, for the journal."""
    path = tmp_path / "proposal.json"
    path.write_bytes(content)
    with pytest.raises(ReadFailedError, match=says):
        read_proposal(path)


def test_nothing_a_link_and_a_folder_are_none(tmp_path: Path) -> None:
    """A link may point at anything of the user's."""
    (tmp_path / "real.json").write_text('{"hypothesis": "x"}')
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("gone.json", "link.json", "folder.json"):
        with pytest.raises(ReadFailedError, match="was left"):
            read_proposal(tmp_path / name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.one_of(st.binary(max_size=80), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_any_bytes_are_a_proposal_or_refused(tmp_path: Path, content: bytes | str) -> None:
    """Never another error."""
    path = tmp_path / "proposal.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ReadFailedError):
        read_proposal(path)
