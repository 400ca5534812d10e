"""One run's live page: reads new facts as they come, and knows which parts changed since a browser last asked."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from markupsafe import Markup

from kernel_opt.cli.page_of_run import diff_reader, record_now, standing_of
from kernel_opt.cli.runs import is_alive
from kernel_opt.edges.places import ABOUT, RunPlace
from kernel_opt.journal.codec import entries
from kernel_opt.journal.reader import NAME
from kernel_opt.journal.store import read_records
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.views.html.diffs import render_diff
from kernel_opt.views.html.fold import PageStory
from kernel_opt.views.html.page import Cards, Live, render_cards, render_page
from kernel_opt.views.html.parts import render_card, render_parts

Sign = tuple[int, int, int, int | None]
_FRESH_ROUNDS = 2  # a diff is written after the fact that closes its round, so the round before is looked at again


def sign_of(place: RunPlace) -> Sign:
    """Return what changes whenever there is something new, found without opening the journal."""
    try:
        about = (Path(place.directory) / NAME).stat()
    except OSError:
        return 0, 0, 0, is_alive(place)
    return about.st_ino, about.st_mtime_ns, about.st_size, is_alive(place)


def identify(place: RunPlace) -> tuple[int, int]:
    """Return what tells a run from a later one of the same name; a freed inode alone may be taken again."""
    folder = Path(place.directory)
    try:
        return (folder / NAME).stat().st_ino, (folder / ABOUT).stat().st_mtime_ns
    except OSError:
        return 0, 0


@dataclass(slots=True)
class Feed:
    """The page of one run, kept up to date while somebody looks."""

    place: RunPlace
    _lock: Lock = field(default_factory=Lock)
    _story: PageStory = field(default_factory=PageStory)
    _parts: dict[str, tuple[int, Markup]] = field(default_factory=dict[str, tuple[int, Markup]])
    """Name to the serial with which it last changed, and its HTML."""
    _serial: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """Begins above every serial of an earlier feed: a browser that has one of those is sent everything."""
    _record: dict[str, Any] = field(default_factory=dict[str, Any])
    _identity: tuple[int, int] = (0, 0)

    def page(self) -> str:
        """Return the whole page as it is now."""
        with self._lock:
            self._refresh()
            html = {name: text for name, (_, text) in self._parts.items()}
            order = [f"r{one.round}" for one in reversed(self._story.rounds)]
            live = Live(self._serial, may_wish=bool(self._may_wish()))
            return render_page(self._story, html, Cards(order, html), live)

    def news(self, after: int) -> dict[str, object]:
        """Return the parts that changed since a serial; the rounds oldest first, since each is put on top."""
        with self._lock:
            self._refresh()
            return {
                "serial": self._serial,
                "may_wish": self._may_wish(),
                "is_paused": self._record["state"] == "paused",
                "parts": [(name, text) for name, (serial, text) in self._parts.items() if serial > after],
            }

    def _may_wish(self) -> bool:
        return self._record["pid"] is not None and self._record["state"] not in {"stopped", "stopping"}

    def _refresh(self) -> None:
        """Fold what is new, and render again what it may have changed."""
        self._record = record_now(self.place)
        if self._record["problem"]:
            raise ReadFailedError(self._record["problem"])
        self._begin_anew_if_replaced()
        is_first = not self._parts
        before = self._story.facts
        for entry in entries(read_records(Path(self.place.directory), before)):
            self._story.add(entry)
        self._serial += 1
        for name, text in render_parts(self._story, standing_of(self._record)).items():
            self._put(name, text)
        for name, text in self._cards(is_first=is_first).items():
            self._put(name, text)

    def _begin_anew_if_replaced(self) -> None:
        identity = identify(self.place)
        if identity != self._identity:
            self._story, self._parts, self._identity = PageStory(), {}, identity

    def _cards(self, *, is_first: bool) -> dict[str, Markup]:
        read = diff_reader(self.place)
        if is_first:
            every = render_cards(self._story, read)
            return {name: every.html[name] for name in reversed(every.order)}
        known = sum(1 for name in self._parts if name[0] == "r" and name[1:].isdecimal())
        fresh = self._story.rounds[max(0, known - _FRESH_ROUNDS) :]
        return {f"r{one.round}": render_card(one, self._story, render_diff(read(one.round))) for one in fresh}

    def _put(self, name: str, text: Markup) -> None:
        old = self._parts.get(name)
        if old is None or old[1] != text:
            self._parts[name] = self._serial, text
