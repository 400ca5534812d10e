"""An idea of a playbook: a hypothesis that waits for its evidence, with the edit that would test it."""

from msgspec import Struct


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """What the trace must show before the idea is worth a round."""

    kernel: str = ""
    """Regular expression, searched in kernel names; empty: any."""
    source: str = ""
    """Regular expression, searched in the text of hot source lines; empty: every line."""
    min_share_pct: float = 0.0


class Predicts(Struct, frozen=True, forbid_unknown_fields=True):
    """The predicted effect; -50 is half the time."""

    metric: str = "gpu_time"
    pct: float = 0.0


class Mend(Struct, frozen=True, forbid_unknown_fields=True):
    """A patch on top of the candidate as it stands."""

    patch: str
    why: str = ""


class SplitPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """A patch on best in place of the idea's own, for when classes disagree."""

    patch: str
    condition: str = ""
    kernel: str = ""
    why: str = ""


class Idea(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One folder of a playbook."""

    hypothesis: str
    why: str = ""
    patch: str
    after: tuple[str, ...] = ()
    """Names of ideas that must have been kept before."""
    targets: tuple[str, ...] = ()
    evidence: Evidence = Evidence()
    predicts: Predicts = Predicts()
    fixes: tuple[Mend, ...] = ()
    repairs: tuple[Mend, ...] = ()
    split: SplitPatch | None = None
