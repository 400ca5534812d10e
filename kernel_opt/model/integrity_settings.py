"""How figures are checked for having been come by honestly."""

from typing import Annotated

from msgspec import Meta, Struct

from kernel_opt.model.amounts import Amount

Times = Annotated[float, Meta(ge=1.0)]


class IntegritySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the checks of every round, and those of every would-be keep, need to know of the target."""

    control_band_pct: Amount = 25.0
    """Per cent by which the control column may move beside best's; neighbours on a shared card move it by ten."""
    equal_columns: tuple[str, ...] = ()
    """Globs of result columns that no edit can change, such as the control's own error; empty: none."""
    error_columns: tuple[str, ...] = ()
    """Globs of result columns that tell how far off the numbers are; empty: precision is not watched."""
    ratchet: Times = 1.5
    """Times the baseline's error that any best may have: lost precision adds up over a night."""
    rounding: Amount = 0.0
    """Error up to which a result is as good as exact: another order of adding moves the last bits by more than any
    factor allows; 0: none."""
    heldout: tuple[tuple[str, ...], ...] = ()
    """Argument lists for the benchmark that no proposer is told of; run on would-be keeps with a secret seed."""
    alone: tuple[tuple[str, ...], ...] = ()
    """Argument lists that make the benchmark run single rows of its own, or its rows in another order."""
    seed_option: str = ""
    """Option by which the benchmark takes its seed; empty: none."""
    seed_pattern: str = ""
    """Regular expression with one group, the seed in the benchmark's file: a copy gets another; empty: none."""
    slower_pct: Amount = 25.0
    """Per cent by which one short run may miss what was measured with care."""
    poison: tuple[str, ...] = ()
    """argv of a program that calls the kernel with poisoned outputs and changed inputs; ``{seed}`` and ``{out}``, a
    folder for the raw outputs, are filled in; empty: none."""
    verify: tuple[str, ...] = ()
    """argv that compares those raw outputs, run in a tree of the baseline; empty: the exit code of ``poison`` tells."""
    poison_call: str = ""
    """Without such a program: module:function of a torch script that is the benchmark; each of its calls is made again
    with poisoned outputs, changed inputs and copies elsewhere; empty: none."""
    blind: tuple[str, ...] = ()
    """argv of a program that calls the kernel as often as the benchmark does, on its problems in their order, where no
    answer lies in memory and numbers change from call to call. ``{seed}``, ``{out}`` and ``{calls}``, the
    timed calls of each problem, are filled in; empty: none."""
    verify_blind: tuple[str, ...] = ()
    """argv that compares what it left in ``{out}``, run in a tree of the baseline; empty: nothing is compared. With
    ``{calls}`` in it what runs of many calls left is compared as well."""
    floor_bytes: str = ""
    """Bytes that any kernel must read for a row, computed from its columns; empty: not known."""
    floor_flops: str = ""
    """Floating-point operations, likewise."""
    peak_gb_s: Amount = 0.0
    """GB/s that the fastest memory or cache can deliver; 0: not known."""
    peak_gflop_s: Amount = 0.0
    """GFLOP/s that the fastest unit can compute; 0: not known."""
    deterministic: bool = True
    """The same data must give the same errors twice; off for kernels that add in no fixed order."""
    audit: bool = True
    """One run under strace, where it is installed, to see what is opened, started and connected to."""
    large_total: Times = 1.3
    """Times faster over all from which a gain is re-checked twice; most honest steps are smaller."""
    large_class: Times = 2.0
    """Times faster in one class, likewise."""
