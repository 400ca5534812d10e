"""kernel-opt's own knobs: frozen, unknown keys refused, each with its unit and the reason for its default."""

from msgspec import Struct, field

from kernel_opt.model.judging import JudgeLimits


class BenchmarkSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fixed benchmark: what is run, what it writes, which columns mean what."""

    command: tuple[str, ...]
    """argv, run from the root of a clean tree of the commit under test; fixed for the whole run."""
    file: str
    """The benchmark's file, relative to the repository root; must exist at HEAD."""
    csv: str
    """Glob, relative to the working directory, of the CSV that the command writes."""
    metric: str
    """Column of microseconds, lower is better."""
    error: str = ""
    """Column that is 0 where the numbers are right; empty or absent in the file: the exit code decides."""
    control: str = ""
    """Column timed on an untouched kernel by the same code; empty: none."""
    warmup_calls: int = 0
    """Calls of the kernel that warm up, per row and implementation."""
    timed_calls: int = 0
    """Timed calls per row and implementation; 0: not known, GPU time per row is then told more carefully."""
    result_columns: tuple[str, ...] = ("us_*", "err_*", "*_max_diff", "*_diff", "*speedup*", "*ratio*")
    """Globs of columns that hold results: all others are config columns."""
    class_columns: tuple[str, ...] = ()
    """Columns that make a config class; empty: those that decide dispatch are found in the file."""
    wrong_patterns: tuple[str, ...] = (
        r"Tensor-likes are not (close|equal)",
        r"Mismatched elements?:",
        r"AssertionError.*(tolerance|not close|mismatch|allclose|max_diff)",
    )
    """Regular expressions that mark, in the log of a run without CSV, a failed tolerance assertion."""
    time_budget_s: float = 0.0
    """Seconds one attempt may take; 0: three times the baseline's own time, at least two minutes more than it."""
    first_budget_s: float = 3600.0
    """Seconds the very first run may take, before anything is known; a cold compile of all kernels fits in an hour."""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Variables set for every attempt, of best and of candidate alike."""
    pass_environment: tuple[str, ...] = ()
    """Names of the user's variables that are handed through; all others are not."""


class EditSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a proposer may change."""

    allowed: tuple[str, ...] = ("kernels/**",)
    """Globs of paths that may change."""
    protected: tuple[str, ...] = ("tests/**", "scripts/**", ".github/**", "pyproject.toml", "setup.*", "*.toml")
    """Globs of paths that may never change, even where ``allowed`` matches them."""
    max_file_bytes: int = 1_000_000
    """Largest file an edit may hold; kernels are text, a megabyte is already a data bank."""
    max_files: int = 40
    """Most files one edit may touch; one hypothesis touches few."""
    check_command: tuple[str, ...] = ()
    """argv that tells cheaply, without a GPU, whether the tree still compiles; empty: Python files are parsed."""


class PlatformSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the kernel runs."""

    name: str = "rocm"
    """"rocm", "host" (the CPU), or "module:function" for one of your own."""
    options: dict[str, str | int | float | bool | list[str]] = field(
        default_factory=dict[str, str | int | float | bool | list[str]]
    )
    """Handed to the platform as they are."""
    trace: bool = True
    """Run measurements under the platform's tracer; off: script time is all there is, and every verdict says so."""
    deep_trace: bool = True
    """One run with the platform's sampler or thread trace per new best, to find the hot lines."""


class GateSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a card may be taken."""

    interval_s: float = 600.0
    """Seconds between two looks when no card is idle; ten minutes bother nobody."""
    looks: int = 7
    """Looks before the run stops: at 0, 10, ..., 60 minutes."""
    readings: int = 2
    """Readings that must all show an idle card; one alone may fall between two kernels of somebody."""
    gap_s: float = 5.0
    """Seconds between these readings; a training step rarely pauses longer."""
    watch_s: float = 5.0
    """Seconds between readings while a child runs."""
    use_pct: float = 5.0
    """Use up to which a card counts as idle; monitors cause a few per cent."""
    vram_floor_mb: float = 1024.0
    """VRAM in use up to which a card counts as empty; an idle MI300X shows about 300 MB."""


class AgentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who proposes."""

    name: str = "command"
    """The proposer: "command" runs ``command``, "playbook" takes ideas from ``playbook``; several with commas, in order."""
    playbook: str = "playbook"
    """Folder of ideas, relative to the repository root."""
    command: tuple[str, ...] = ()
    """argv of the command proposer; it edits the worktree it is started in and leaves a proposal."""
    timeout_s: float = 1800.0
    """Seconds one call may take; half an hour is long for one edit."""
    silence_s: float = 600.0
    """Seconds without any output after which a call counts as hung; 0: never."""
    pass_environment: tuple[str, ...] = ()
    """Names of the user's variables that the proposer needs, its key for instance."""
    patience: int = 12
    """Unavailable answers in a row after which the run stops; with the backoff this is about five hours."""


class FormatSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a candidate is formatted before it is kept."""

    command: tuple[str, ...] = ()
    """argv run in the worktree; ``{files}`` stands for the candidate's files; empty: nothing is formatted."""
    timeout_s: float = 120.0
    """Seconds it may take."""


class RoundSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What bounds one round."""

    repairs: int = 3
    """Repairs in a row of one proposal that computes wrong numbers."""
    quick_fixes: int = 1
    """Quick fixes of one proposal that fails to run."""
    send_backs: int = 1
    """Times a proposal without evidence, change or permission is sent back with the reason."""
    faults: int = 3
    """Infrastructure faults at one step before the round is closed as such."""
    noise_runs: int = 12
    """Runs of best against itself at the baseline: a scale within 20 %, for the price of two candidates."""
    headline_every: int = 10
    """Keeps after which the headline is measured afresh."""


class StopSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the run ends; 0 means no bound."""

    regressions_in_a_row: int = 5
    """Regressions in a row that end the run; some users want 50."""
    max_rounds: int = 0
    """Rounds since this start or resume."""
    max_hours: float = 0.0
    """Hours since this start or resume, time waited included."""
    max_gpu_hours: float = 0.0
    """Hours of leased GPU time of the whole run."""
    max_cost_usd: float = 0.0
    """Money the proposer reported for the whole run."""
    fault_rounds: int = 3
    """Rounds in a row closed by infrastructure; a machine that broken wants a human."""
    empty_rounds: int = 5
    """Rounds in a row in which the proposer gave nothing; it has run dry."""


class DiskSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much room must be left."""

    min_free_mb: float = 2048.0
    """Free space of the state directory below which no round starts."""
    keep_rounds: int = 5
    """Rounds whose raw traces are kept beside those of baseline and best."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, one table of the TOML file each."""

    benchmark: BenchmarkSettings
    edit: EditSettings = EditSettings()
    platform: PlatformSettings = PlatformSettings()
    gate: GateSettings = GateSettings()
    judge: JudgeLimits = JudgeLimits()
    agent: AgentSettings = AgentSettings()
    format: FormatSettings = FormatSettings()
    round: RoundSettings = RoundSettings()
    stop: StopSettings = StopSettings()
    disk: DiskSettings = DiskSettings()
    target_kernels: tuple[str, ...] = ()
    """Names or regular expressions of the target kernel; empty: found from the baseline's trace."""
    keep_simpler_ties: bool = False
    """Keep a tie that removes code and is shown to be not slower."""
