"""Which facts are news, and when one more message would be too many."""

from collections.abc import Sequence

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.facts import Fact
from kernel_opt.model.notify_settings import News, NewsKind, NotifySettings, Told
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState
from kernel_opt.rules.integrity.refusals import REFUSALS

HOUR_S = 3600.0


def find_news(fact: Fact, state: RunState) -> tuple[NewsKind, str] | None:
    """Return what kind of news a fact is and what about, given the state after it."""
    match fact:
        case r.Kept():
            return NewsKind.KEEP, "kept"
        case f.Stopped():
            return NewsKind.STOP, "stopped"
        case r.RolledBack():
            return NewsKind.TROUBLE, "rolled-back"
        case r.Dropped(ending=Ending.REFUSED) if [one[1] for one in state.tally.refused[:1]] == [REFUSALS]:
            return NewsKind.TROUBLE, "refused"
        case f.NoIdleGpu() if state.looks == 1 or (fact.waited_s and state.looks == 2):
            return NewsKind.TROUBLE, "gpu"
        case f.ProposerAway() if fact.final or state.proposer_away == 1:
            return NewsKind.TROUBLE, "proposer"
        case f.Faulted(kind="disk-full"):
            return NewsKind.TROUBLE, "disk"
        case f.DaemonStarted(wished=False):
            return NewsKind.TROUBLE, "restarted"
        case _:
            return None


def may_tell(news: News, past: Sequence[Told], limits: NotifySettings) -> bool:
    """Say whether a message may go out now; the end of the run always may."""
    if news.kind is NewsKind.STOP:
        return True
    told = [one for one in past if not one.is_left_out]
    if news.kind is NewsKind.TROUBLE and any(
        one.about == news.about and 0 <= news.at_s - one.at_s < limits.repeat_s for one in told
    ):
        return False
    return sum(0 <= news.at_s - one.at_s < HOUR_S for one in told) < limits.per_hour


def count_left_out(past: Sequence[Told]) -> int:
    """Count what was left out since the last message, oldest first."""
    count = 0
    for one in past:
        count = count + 1 if one.is_left_out else 0
    return count
