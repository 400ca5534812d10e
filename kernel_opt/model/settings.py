"""kernel-opt's own knobs: frozen, unknown keys refused, each with its unit and the reason for its default."""

from typing import Literal

from msgspec import Struct, field

from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.amounts import Amount, AtLeastOne, Count
from kernel_opt.model.brief_settings import BriefSettings
from kernel_opt.model.compile_settings import CompileSettings
from kernel_opt.model.executor_settings import ExecutorSettings, SlurmSettings
from kernel_opt.model.explore_settings import ExploreSettings
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.notify_settings import NotifySettings
from kernel_opt.model.sandbox import SandboxLevel


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
    warmup_calls: Count = 0
    """Calls of the kernel that warm up, per row and implementation."""
    timed_calls: Count = 0
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
    time_budget_s: Amount = 0.0
    """Seconds one attempt may take; 0: three times the baseline's own time, at least two minutes more than it."""
    first_budget_s: Amount = 3600.0
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
    max_file_bytes: Count = 1_000_000
    """Largest file an edit may hold; kernels are text, a megabyte is already a data bank."""
    max_files: Count = 40
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

    interval_s: Amount = 600.0
    """Seconds between two looks when no card is idle; ten minutes bother nobody."""
    looks: AtLeastOne = 7
    """Looks before the run stops: at 0, 10, ..., 60 minutes."""
    readings: AtLeastOne = 2
    """Readings that must all show an idle card; one alone may fall between two kernels of somebody."""
    gap_s: Amount = 5.0
    """Seconds between these readings; a training step rarely pauses longer."""
    watch_s: Amount = 5.0
    """Seconds between readings while a child runs."""
    use_pct: Amount = 5.0
    """Use up to which a card counts as idle; monitors cause a few per cent."""
    vram_floor_mb: Amount = 1024.0
    """VRAM in use up to which a card counts as empty; an idle MI300X shows about 300 MB."""


class KnobSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tunable: where its value stands in the code, and what it may be."""

    name: str
    """As constraints and hypotheses call it; a letter, then letters, digits and underscores."""
    file: str
    """Relative to the repository root; ``edit.allowed`` must allow it."""
    pattern: str
    """Regular expression with one group, the value; ``^`` and ``$`` match at lines. Not found: left out for now."""
    values: tuple[str | int | float, ...]
    """What may stand there, written as given; for numbers in rising order, since neighbours are taken for alike."""
    kernel: str = ""
    """Regular expression of the kernels it is about: their hotspots are the evidence; empty: all."""


class SearchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the knobs are searched."""

    budget: Count = 100
    """Points tried at most in the whole run; in measured spaces of thousands of points 100 came close to the best."""
    constraints: tuple[str, ...] = ()
    """Comparisons of knobs that must hold, such as "RT * DT <= 32"; one about a knob that is left out holds."""
    seed: int = 0
    """Fixes the choices, not the timings."""


class FormatSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a candidate is formatted before it is kept."""

    command: tuple[str, ...] = ()
    """argv run in the worktree; ``{files}`` stands for the candidate's files; empty: see ``detect``."""
    detect: bool = True
    """Without a command, use what the repository is formatted with: its own script, ruff, black, clang-format. Off, or
    with none of them set up in the repository: nothing is formatted."""
    timeout_s: Amount = 120.0
    """Seconds it may take."""


class RoundSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What bounds one round."""

    repairs: Count = 3
    """Repairs in a row of one proposal that computes wrong numbers."""
    quick_fixes: Count = 1
    """Quick fixes of one proposal that fails to run."""
    send_backs: Count = 1
    """Times a proposal without evidence, change or permission is sent back with the reason."""
    faults: AtLeastOne = 3
    """Infrastructure faults at one step before the round is closed as such."""
    noise_runs: AtLeastOne = 12
    """Runs of best against itself at the baseline: a scale within 20 %, for the price of two candidates."""
    headline_every: Count = 10
    """Keeps after which the headline is measured afresh."""
    deeper_every: Count = 5
    """Rounds from one trace that is made only because a proposer asks for counters to the next: each costs two runs of
    the benchmark, about half a candidate. 0: they come with the next trace that is made anyway."""


class StopSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the run ends; 0 means no bound."""

    regressions_in_a_row: Count = 5
    """Regressions in a row that end the run; some users want 50."""
    max_rounds: Count = 0
    """Rounds since this start or resume."""
    max_hours: Amount = 0.0
    """Hours since this start or resume, time waited included."""
    max_gpu_hours: Amount = 0.0
    """Hours of leased GPU time of the whole run."""
    max_cost_usd: Amount = 0.0
    """Money the proposer reported for the whole run."""
    max_tokens: Count = 0
    """Tokens the proposer reported for the whole run: not every coding agent knows what it costs."""
    fault_rounds: Count = 3
    """Rounds in a row closed by infrastructure; a machine that broken wants a human."""
    empty_rounds: Count = 5
    """Rounds in a row in which the proposer gave nothing; it has run dry."""


class DiskSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much room must be left."""

    min_free_mb: Amount = 2048.0
    """Free space of the state directory below which no round starts."""
    keep_rounds: Count = 5
    """Rounds whose raw traces are kept beside those of baseline and best."""


class TreeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a clean tree of a commit lacks."""

    inputs: tuple[str, ...] = ()
    """Files and folders of your checkout that git does not hold but the benchmark needs: built extensions, submodules.
    They are hashed when the run begins; a change of one stops the measuring."""


class SandboxSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the code of others is walled in."""

    level: SandboxLevel = SandboxLevel.S3
    """The firmest level that is tried; lower it only where a tool cannot work inside."""
    require: SandboxLevel = SandboxLevel.S1
    """The level without which a run does not start; S1 is there on every machine."""
    network: bool = False
    """The benchmark may use the network; the proposer always may, its service is there."""
    show: tuple[str, ...] = ()
    """Files and folders of hidden places (homes, temp, your checkout) that every child may read."""
    write: tuple[str, ...] = ()
    """Folders that the benchmark may write besides the one its CSV goes to: from the tree's root, or absolute."""
    agent_show: tuple[str, ...] = ()
    """The same as ``show`` for the proposer alone: its login, its own installation."""
    agent_write: tuple[str, ...] = ()
    """Files and folders of yours that the proposer may write."""
    tmp_mb: Amount = 4096.0
    """MB of memory that a private temp or home folder may take."""
    shm_mb: Amount = 8192.0
    """MB of private shared memory; GPU runtimes take some."""
    file_mb: Amount = 16384.0
    """MB of the largest file a child may write: an instruction trace is some GB."""
    processes: AtLeastOne = 4096
    """Processes of one child at which it is taken for a fork bomb; parallel builds start some hundreds."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, one table of the TOML file each."""

    benchmark: BenchmarkSettings
    edit: EditSettings = EditSettings()
    platform: PlatformSettings = PlatformSettings()
    gate: GateSettings = GateSettings()
    judge: JudgeLimits = JudgeLimits()
    agent: AgentSettings = AgentSettings()
    agents: tuple[CodingAgent, ...] = ()
    brief: BriefSettings = BriefSettings()
    explore: ExploreSettings = ExploreSettings()
    knobs: tuple[KnobSettings, ...] = ()
    search: SearchSettings = SearchSettings()
    format: FormatSettings = FormatSettings()
    round: RoundSettings = RoundSettings()
    stop: StopSettings = StopSettings()
    integrity: IntegritySettings = IntegritySettings()
    disk: DiskSettings = DiskSettings()
    notify: NotifySettings = NotifySettings()
    tree: TreeSettings = TreeSettings()
    sandbox: SandboxSettings = SandboxSettings()
    compile: CompileSettings = CompileSettings()
    executor: ExecutorSettings = ExecutorSettings()
    slurm: SlurmSettings = SlurmSettings()
    target_kernels: tuple[str, ...] = ()
    """Names or regular expressions of the target kernel; empty: found from the baseline's trace."""
    keep_simpler_ties: bool = False
    """Keep a tie that removes code and is shown to be not slower."""
    lanes: AtLeastOne | Literal["auto"] = 1
    """Rounds that are measured at the same time, each on a card of its own; "auto": as many as there are cards."""
