"""Each fact is told when it is written: to the files that people read, and to the people themselves."""

from collections.abc import Iterable

from kernel_opt.daemon.derived import Derived
from kernel_opt.edges.notify import Notifier
from kernel_opt.model.facts import Entry
from kernel_opt.model.state import RunState
from kernel_opt.views.news import tell_news


class Teller:
    """Tells what has happened; nothing here can hold up or fail a round."""

    def __init__(self, derived: Derived, notifier: Notifier) -> None:
        self._derived, self._notifier = derived, notifier

    def tell(self, entry: Entry, state: RunState) -> None:
        """Tell one fact that is in the journal now."""
        self._derived.tell(entry, state)
        self._notify(entry, state)

    def catch_up(self, last: Iterable[Entry], state: RunState) -> None:
        """Tell the last fact before a crash, if its daemon did not live to do it."""
        for entry in last:
            self._notify(entry, state)

    def _notify(self, entry: Entry, state: RunState) -> None:
        if self._notifier.is_wanted and (news := tell_news(entry, state)) is not None:
            self._notifier.offer(news)
