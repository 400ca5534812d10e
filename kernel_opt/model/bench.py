"""What one run of the fixed benchmark gave."""

from msgspec import Struct

from kernel_opt.model.config import ConfigRow


class BenchRun(Struct, frozen=True, kw_only=True):
    """A benchmark that ran and was right: every row, and where its files lie."""

    commit: str
    rows: tuple[ConfigRow, ...]
    wall_s: float
    gpu_s: float
    """Seconds the card was leased for it."""
    card: str
    folder: str
    """Below the run's state directory."""
    csv_sha256: str = ""
    error_checked: bool = False
    """Whether an error column was there to be checked; else the exit code alone says right."""
    control_us: float | None = None
    columns: tuple[str, ...] = ()
    """All columns of its table."""
    tells_summary: bool = False
    """Whether its log shows the time of every row as well."""
    surroundings: dict[str, str] = {}
    """At the baseline: card, clocks, driver and tracer in words, as far as they could be read."""


class WrongRow(Struct, frozen=True, kw_only=True):
    """A config whose numbers are wrong, and how far off."""

    config: str
    error: float | None
