"""The file in which a proposer says what it claims; read with suspicion."""

from pathlib import Path

import msgspec
from msgspec import Struct

from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.hypothesis import Direction, Hypothesis, Prediction, Usage

NAME = "proposal.json"
SIZE_CAP_BYTES = 256 * 1024  # a hypothesis is a paragraph


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
    usage: Usage = Usage()


def read_proposal(path: Path) -> tuple[Hypothesis, Usage]:
    """Read the proposal; raise ReadFailedError with the reason when it is none."""
    try:
        if path.is_symlink() or not path.is_file():
            raise ReadFailedError(f"no {path.name} was left", "leave it at $KERNEL_OPT_PROPOSAL")
        if path.stat().st_size > SIZE_CAP_BYTES:
            raise ReadFailedError(f"{path.name} is larger than {SIZE_CAP_BYTES >> 10} KiB")
        proposal = msgspec.json.decode(path.read_bytes(), type=Proposal)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ReadFailedError(f"{path.name} is not a proposal: {error}") from error
    predicted = proposal.predicted
    hypothesis = Hypothesis(
        sentence=" ".join(proposal.hypothesis.split()),
        bottlenecks=proposal.bottlenecks,
        targets=proposal.targets,
        prediction=Prediction(direction=predicted.direction, size_pct=predicted.size_pct, metric=predicted.metric),
        why=proposal.why,
        risk=proposal.risk,
        differs=proposal.differs,
    )
    return hypothesis, proposal.usage
