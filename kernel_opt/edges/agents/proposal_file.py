"""The file in which a proposer says what it claims; read with suspicion."""

import json
import math
import shutil
from pathlib import Path

import msgspec
from msgspec import Struct

from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.hypothesis import Direction, Hypothesis, Prediction, Usage

NAME = "proposal.json"
SIZE_CAP_BYTES = 256 * 1024  # a hypothesis is a paragraph
TEXT_CAP_CHARS = 4_000  # of each text: a page; it goes into the journal, the commit and later briefs
MOST_STARTS = 2_000  # braces tried in a message: each try may cost as much as the message is long
MOST_TOKENS = 10**12  # more than any night can spend; a larger count is a mistake


class Predicted(Struct, frozen=True):
    """The predicted effect as the file has it."""

    metric: str = "gpu_time"
    direction: Direction = Direction.FASTER
    size_pct: float | None = None


class Proposal(Struct, frozen=True):
    """The file's layout; more keys are ignored, since a proposer may keep notes of its own there."""

    hypothesis: str
    bottlenecks: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    predicted: Predicted = Predicted()
    why: str = ""
    risk: str = ""
    differs: str = ""
    deeper: bool = False
    usage: Usage = Usage()


def read_proposal(path: Path) -> tuple[Hypothesis, Usage]:
    """Read the proposal; raise ReadFailedError with the reason when it is none."""
    try:
        if path.is_symlink() or not path.is_file():
            raise ReadFailedError(f"no {path.name} was left", "leave it at $KERNEL_OPT_PROPOSAL")
        if path.stat().st_size > SIZE_CAP_BYTES:
            raise ReadFailedError(f"{path.name} is larger than {SIZE_CAP_BYTES >> 10} KiB")
        content = path.read_bytes()
    except OSError as error:
        raise ReadFailedError(f"{path.name} is not a proposal: {error}") from error
    return parse_proposal(content, path.name)


def parse_proposal(content: bytes, name: str) -> tuple[Hypothesis, Usage]:
    """Read a proposal's JSON; ``name`` says in the reason where it is from."""
    try:
        proposal = msgspec.json.decode(content, type=Proposal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ReadFailedError(f"{name} is not a proposal: {error}") from error
    predicted = proposal.predicted
    hypothesis = Hypothesis(
        sentence=" ".join(proposal.hypothesis.split()),
        bottlenecks=proposal.bottlenecks,
        targets=proposal.targets,
        prediction=Prediction(
            direction=predicted.direction, size_pct=predicted.size_pct, metric=predicted.metric[:TEXT_CAP_CHARS]
        ),
        why=proposal.why[:TEXT_CAP_CHARS],
        risk=proposal.risk[:TEXT_CAP_CHARS],
        differs=proposal.differs[:TEXT_CAP_CHARS],
        deeper=proposal.deeper,
    )
    return hypothesis, _believable(proposal.usage)


def find_json(text: bytes) -> bytes | None:
    """Return the last JSON object in a message that looks like a proposal, be it alone, fenced or among words."""
    words = text[-SIZE_CAP_BYTES:].decode("utf-8", errors="replace")
    decoder, found, place, tries = json.JSONDecoder(), None, words.find("{"), 0
    while place >= 0 and tries < MOST_STARTS:
        tries += 1
        end = place + 1
        try:
            value, end = decoder.raw_decode(words, place)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and "hypothesis" in value:
            found = words[place:end].encode()
        place = words.find("{", end)
    return found


def take_from_worktree(left: Path, proposal: Path) -> None:
    """Accept the proposal where it is most easily left, too: it is no part of the edit."""
    if left.is_file() and not left.is_symlink():
        if not proposal.exists():
            shutil.copyfile(left, proposal)
        left.unlink()


def _believable(usage: Usage) -> Usage:
    """Take only figures that can be: a negative cost would let a run spend more than its budget."""
    return Usage(
        wall_s=usage.wall_s if math.isfinite(usage.wall_s) and usage.wall_s >= 0 else 0.0,
        input_tokens=_count(usage.input_tokens),
        output_tokens=_count(usage.output_tokens),
        cost_usd=None if usage.cost_usd is None or usage.cost_usd < 0 else usage.cost_usd,
    )


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and 0 <= tokens <= MOST_TOKENS else None
