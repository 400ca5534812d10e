"""One look at the cards of a host. What could not be read is None, never 0 or -1."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GpuUser:
    """A process known to be on a card."""

    pid: int
    name: str
    vram_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one source said about one card at one moment."""

    card: int
    """The index by the source's own order: for people, never for binding."""
    source: str
    at_s: float
    """CLOCK_BOOTTIME, so that a changed wall clock never makes two looks seem far apart."""
    name: str | None = None
    gfx: str | None = None
    bdf: str | None = None
    """Domain, bus, device, function: lower-case hex, function 0 for every partition of one card."""
    unique_id: str | None = None
    """The chip's own id, 16 lower-case hex digits after 0x; partitions of one card share it."""
    node_id: int | None = None
    guid: int | None = None
    """KFD's gpu_id."""
    hip_index: int | None = None
    """The index HIP gives the card when nothing is masked: the place among KFD's GPU nodes."""
    render_minor: int | None = None
    """The number of its render device, /dev/dri/renderD128 and so on."""
    partition: str | None = None
    """The compute partition mode in upper case, such as SPX or CPX."""
    partition_id: int | None = None
    use_pct: float | None = None
    vram_used_bytes: int | None = None
    vram_total_bytes: int | None = None
    users: tuple[GpuUser, ...] | None = None
    """None: the process table could not be read, or proves nothing by being absent."""
    suspects: tuple[GpuUser, ...] = ()
    """Processes of the host that may be on this card or on another: the source does not tell where."""
    pids_local: bool | None = None
    """True when the users' PIDs are numbers of our own PID namespace; in a container they are the host's."""
    sclk_mhz: float | None = None
    mclk_mhz: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    power_cap_w: float | None = None
    perf_level: str | None = None
    throttled: bool | None = None
    withheld: str | None = None
    """Why we keep off whatever the load is: the user's own mask hides the card, for instance."""
    problem: str | None = None
    """Why something above is unknown, in words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderLoad:
    """What the looks at one card showed while our child ran."""

    looks: int
    busiest: Reading
    """The look with the highest load; the first one where no load was told."""
    clock_mhz: float | None = None
    """The middle of the core clocks under load; None with too few such looks to tell."""
    lowest_mhz: float | None = None
    highest_mhz: float | None = None
    hottest_c: float | None = None
    throttled: bool | None = None
    """True when any look said so; None when none said anything."""
