"""Every check of a whole measurement, and of its single calls, by name."""

from collections.abc import Mapping

from kernel_opt.model.integrity import IntegrityCheck, not_checked, passed
from kernel_opt.rules.integrity.launch_checks import check_compiled, check_ways
from kernel_opt.rules.integrity.moved_work import check_idle, check_other_work
from kernel_opt.rules.integrity.trace_checks import Seen, check_concentration, check_control, check_ids, check_plain


def check_seen(
    best: Seen, candidate: Seen, plain_us: tuple[Mapping[str, float], Mapping[str, float]], band_pct: float
) -> tuple[IntegrityCheck, ...]:
    """Make every check of a whole measurement; ``plain_us`` are best's and the candidate's untraced script times."""
    traced = candidate.recording is not None
    untraced = not_checked("plain-against-traced", "nothing was traced")
    return (
        check_control(best, candidate, band_pct),
        check_ids(best, candidate),
        check_concentration(best, candidate, len(candidate.script_us)),
        check_plain((plain_us[0], best), (plain_us[1], candidate), band_pct) if traced else untraced,
        check_ways(best, candidate),
        check_compiled(best, candidate),
        check_other_work(best, candidate),
        check_idle(best, candidate),
    )


def call_checks(*, traced: bool, counted: bool) -> tuple[IntegrityCheck, ...]:
    """Return the checks of single calls as made: a call that was not in order ended the measurement at once."""
    untold = "there is no trace" if not traced else "the settings do not tell how often the kernel is called"
    skipped = passed("skipped-calls") if traced and counted else not_checked("skipped-calls", untold)
    names = ("uneven-calls", "script-below-trace")
    return (skipped, *(passed(name) if traced else not_checked(name, "there is no trace") for name in names))
