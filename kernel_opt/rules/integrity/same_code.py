"""Whether best, built anew, is the code that was kept."""

from collections.abc import Mapping, Sequence

from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed

NAME = "same-code"
Prints = Mapping[str, str]
"""Kernel to the fingerprint of its compiled code."""


def check_same_code(
    kept: Prints, now: Prints, baseline: Prints, baseline_now: Prints, targets: Sequence[str]
) -> IntegrityCheck:
    """Compare fingerprints of the kernels under tuning; the baseline shows whether this compiler repeats itself."""
    known = [name for name in targets if name in kept and name in now]
    if not known:
        return not_checked(NAME, "no compiled code lay beside the trace, then or now")
    repeats = [baseline[name] == baseline_now[name] for name in baseline.keys() & baseline_now.keys()]
    if not repeats or not all(repeats):
        return not_checked(NAME, "the baseline's compiled code is not the same every time, or not known")
    other = [name for name in known if kept[name] != now[name]]
    if other:
        return failed(NAME, f"the compiled code of {', '.join(other)} is not that which was kept")
    return passed(NAME, f"the compiled code of {len(known)} kernels is that which was kept")
