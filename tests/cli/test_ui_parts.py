"""The live pages' parts without a socket."""

import shutil
from threading import Event

import pytest

from kernel_opt.cli import ui_app
from kernel_opt.cli.ui_app import App, name_of
from kernel_opt.cli.ui_feed import Feed
from kernel_opt.cli.ui_guard import Guard, host_name, is_same_origin, say
from tests.cli.seeing import save
from tests.views import canned


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    return tmp_path


def ask(guard: Guard, path: str, method: str = "GET", **more: str) -> tuple[str, bytes]:
    seen: list[str] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "127.0.0.1:1", **more}
    body = b"".join(guard(environ, lambda status, _headers: seen.append(status)))
    return seen[0][:3], body


def test_the_guard_asks_for_everything_at_once():
    """Host, token, and for a wish the origin; each missing alone is enough to be turned away."""
    guard = Guard("token", lambda method, path, query, _gone: say(f"{method} {path}?{query}"))
    assert ask(guard, "/token/x", QUERY_STRING="q") == ("200", b"GET x?q")
    assert ask(guard, "/token")[0] == "404"
    assert ask(guard, "/tokem/x")[0] == "404"
    assert ask(guard, "/t\xf6ken/x")[0] == "404"
    assert ask(guard, "/token/x", HTTP_HOST="evil")[0] == "421"
    assert ask(guard, "/token/x", "POST")[0] == "403"
    assert ask(guard, "/token/x", "POST", HTTP_ORIGIN="http://127.0.0.1:1") == ("200", b"POST x?")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:80", "localhost"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("A.b", "a.b"),
        ("x:y", "x:y"),
        ("", ""),
    ],
)
def test_a_port_is_no_part_of_a_name(host, name):
    """With and without one, for names and both kinds of addresses."""
    assert host_name(host) == name


def test_an_old_browser_that_says_only_its_origin_may_wish():
    """The newer header must not contradict, and need not be there."""
    assert is_same_origin({"HTTP_ORIGIN": "http://h:1"}, "h:1")
    assert not is_same_origin({"HTTP_ORIGIN": "https://h:1"}, "h:1")
    assert not is_same_origin({"HTTP_ORIGIN": "http://h:1", "HTTP_SEC_FETCH_SITE": "same-site"}, "h:1")


def test_streams_are_bounded_and_let_go(root, monkeypatch):
    """More pages than threads are told to ask now and then; a browser that went away frees its place."""
    monkeypatch.setattr(ui_app, "LOOK_S", 0.0)
    place = save(root, canned.running())
    app, address = App(Event()), f"run/{name_of(place)}/events"
    open_ones = [app("GET", address, "", lambda: True) for _ in range(ui_app.MOST_STREAMS)]
    assert app("GET", address, "", lambda: False).status.startswith("503")
    assert list(open_ones[0].body) == [b"retry: 3000\n\n"]
    assert app("GET", address, "", lambda: False).status.startswith("200")


def test_a_quiet_stream_still_breathes_and_ends_with_the_server(root, monkeypatch):
    """So that nobody in between takes it for dead."""
    monkeypatch.setattr(ui_app, "LOOK_S", 0.001)
    monkeypatch.setattr(ui_app, "PING_S", 0.002)
    place, ending = save(root, canned.running()), Event()
    stream = iter(App(ending)("GET", f"run/{name_of(place)}/events", "", lambda: False).body)
    assert [next(stream), next(stream)] == [b"retry: 3000\n\n", b": still here\n\n"]
    ending.set()
    assert list(stream) == []


def test_only_a_few_pages_are_held(root):
    """Who walks through a hundred runs does not fill the memory; one looked at again is made again."""
    places = [save(root, canned.fresh(), f"t{number}") for number in range(ui_app.MOST_FEEDS + 2)]
    app = App(Event())
    for place in [*places, places[0]]:
        assert app("GET", f"run/{name_of(place)}/", "", lambda: False).status.startswith("200")
    assert list(app._feeds) == [name_of(place) for place in (*places[-2:], places[0])]


def test_another_run_of_the_same_name_is_told_from_its_beginning(root):
    """After `clean` and a new start nothing of the old run is left on the page."""
    place = save(root, canned.running())
    feed = Feed(place)
    assert 'id="r5"' in feed.page()
    shutil.rmtree(place.directory)
    save(root, canned.Canned().baseline().drop(sentence="A new beginning."))
    page = feed.page()
    assert "A new beginning." in page
    assert 'id="r5"' not in page
