"""What is served under each address: the list of runs, a run's page, its news, and the three wishes."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from threading import Event, Lock
from urllib.parse import parse_qs

from kernel_opt.cli.page_of_run import record_now
from kernel_opt.cli.runs import all_runs
from kernel_opt.cli.ui_feed import Feed, sign_of
from kernel_opt.cli.ui_guard import IsGone, Reply, say
from kernel_opt.daemon.asking import PAUSE, STOP, ask, take_back
from kernel_opt.edges.loopback import give_memory_back
from kernel_opt.edges.places import RunPlace
from kernel_opt.model.errors import KernelOptError
from kernel_opt.views.html.runs import render_problem, render_runs

MOST_STREAMS = 12
"""Pages that are told at once; more ask now and then. Each holds a thread."""
MOST_FEEDS = 3
LOOK_S, PING_S = 1.0, 15.0
"""Seconds between two looks at a journal's date, and after which silence would look like a lost connection."""
_ROUTE = re.compile(r"run/([0-9a-f]{16})/(parts|events|wish/(?:pause|resume|stop))?")
_WISHES: dict[str, Callable[[RunPlace], None]] = {
    "pause": lambda place: ask(place, PAUSE),
    "resume": lambda place: take_back(place, PAUSE),
    "stop": lambda place: ask(place, STOP),
}


def name_of(place: RunPlace) -> str:
    """Return what a run is called in addresses."""
    return hashlib.sha256(place.directory.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class App:
    """Answers what the guard lets through."""

    def __init__(self, ending: Event) -> None:
        self._ending, self._lock = ending, Lock()
        self._feeds: dict[str, Feed] = {}
        self._streams = 0

    def __call__(self, method: str, path: str, query: str, is_gone: IsGone) -> Reply:
        """Find the page."""
        try:
            return self._route(method, path, query, is_gone)
        except KernelOptError as error:
            if method == "POST" or "parts" in path:
                return say(str(error), "503 Service Unavailable")
            return Reply([render_problem(str(error)).encode()], status="503 Service Unavailable")

    def _route(self, method: str, path: str, query: str, is_gone: IsGone) -> Reply:
        if method == "GET" and not path:
            records = {name_of(place): record_now(place) for place in all_runs()}
            return Reply([render_runs(records).encode()])
        found = _ROUTE.fullmatch(path)
        place = next((one for one in all_runs() if found and name_of(one) == found[1]), None)
        if found is None or place is None:
            return Reply([render_problem("This run is not here any more.").encode()], status="404 Not Found")
        what = found[2] or ""
        if (method == "POST") is not what.startswith("wish/"):
            return say("That is not how this address is used.", "405 Method Not Allowed")
        if what.startswith("wish/"):
            wish = what.removeprefix("wish/")
            _WISHES[wish](place)
            return say({"pause": "rests after its step", "resume": "goes on"}.get(wish, "ends after its step"))
        if what == "events":
            return self._events(place, is_gone)
        feed = self._feed(found[1], place)
        if what == "parts":
            after = parse_qs(query).get("after", ["0"])[0]
            news = feed.news(int(after) if after.isdecimal() and len(after) < 16 else 0)
            return Reply([json.dumps(news).encode()], "application/json")
        return Reply([feed.page().encode("utf-8", "replace")])

    def _feed(self, name: str, place: RunPlace) -> Feed:
        """Return the run's feed; only those last looked at are kept, since each holds a whole page."""
        with self._lock:
            feed = self._feeds.pop(name, None) or Feed(place)
            self._feeds = dict(list(self._feeds.items())[1 - MOST_FEEDS :]) | {name: feed}
            return feed

    def _events(self, place: RunPlace, is_gone: IsGone) -> Reply:
        with self._lock:
            if self._streams >= MOST_STREAMS:
                return say("Too many pages are open; this one asks now and then.", "503 Service Unavailable")
            self._streams += 1
        return Reply(self._stream(place, is_gone), "text/event-stream; charset=utf-8")

    def _stream(self, place: RunPlace, is_gone: IsGone) -> Iterator[bytes]:
        """Say that there is something new, each time there is."""
        try:
            yield b"retry: 3000\n\n"
            seen, silent_s = sign_of(place), 0.0
            while not self._ending.wait(LOOK_S) and not is_gone():
                sign = sign_of(place)
                silent_s += LOOK_S
                if sign != seen:
                    seen, silent_s = sign, 0.0
                    yield b"event: news\ndata:\n\n"
                elif silent_s >= PING_S:
                    silent_s = 0.0
                    yield b": still here\n\n"
        finally:
            with self._lock:
                self._streams -= 1
                if not self._streams:  # nobody looks: a page asked for later is made afresh
                    self._feeds.clear()
                    give_memory_back()
