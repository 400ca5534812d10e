"""The live pages from outside: a real server, asked as a browser or an intruder asks it."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kernel_opt.cli import ui
from kernel_opt.journal.codec import to_record
from kernel_opt.journal.store import Store
from kernel_opt.model.errors import KernelOptError, UsageError
from tests.cli.seeing import call, daemon, save
from tests.cli.ui_server import LIMIT_S, Server, open_ui
from tests.views import canned
from tests.views.journals import break_journal


@pytest.fixture(scope="module")
def one_server(tmp_path_factory):
    """Start one server for all tests here: each finds its state root empty."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERNEL_OPT_STATE", str(folder))
        patch.chdir("/")
        with open_ui() as running:
            yield running, folder


@pytest.fixture
def server(one_server):
    return one_server[0]


@pytest.fixture
def root(one_server):
    yield one_server[1]
    for path in one_server[1].iterdir():
        shutil.rmtree(path)


def run_of(server: Server, tag: str = "apr16") -> str:
    found = re.search(rf'<a href="(run/[0-9a-f]+/)">{tag}</a>', server.ask()[1])
    assert found is not None
    return found[1]


def add_facts(place, run: canned.Canned, known: int) -> None:
    """Let the daemon write what the run has beyond what is known."""
    store = Store.open(Path(place.directory))
    for entry in run.entries[known:]:
        store.append(to_record(entry))
    store.close()


def test_the_address_holds_a_secret_and_ssh_is_told(server):
    """What is printed can be pasted: a long token nobody guesses, and the line that forwards the port."""
    port = urlsplit(server.url).port
    assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/[\w-]{{32}}/", server.url)
    assert f"ssh -L {port}:127.0.0.1:{port} " in server.hint


def test_it_listens_on_this_machine_alone(server):
    """Its one socket is bound to the loopback address."""
    port = urlsplit(server.url).port
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    assert not [line for line in Path("/proc/net/tcp6").read_text().splitlines() if f":{port:04X} 0000" in line]


def test_many_runs_in_one_list(root, server):
    """Each with its state, round and gain, linked; a broken one says so and hides no other."""
    save(root, canned.stopped())
    save(root, canned.running(), "may02")
    break_journal(save(root, canned.fresh(), "torn"))
    status, page, _ = server.ask()
    assert status == 200
    assert re.findall(r">(\w+)</a>", page) == ["apr16", "may02", "torn"]
    assert "7.5 ± 0.4 %" in page
    assert "cannot be read as a journal" in page


def test_a_run_is_the_page_of_the_report(root, server):
    """The same cards; and no cache, no frame, no referrer and no guessing of types."""
    save(root, canned.running())
    status, page, headers = server.ask(run_of(server))
    assert status == 200
    assert page.count('class="round"') == 5
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers


def test_news_are_the_parts_that_changed(root, server):
    """New facts come as a few parts, the untouched cards not among them, and nothing comes twice."""
    run = canned.running()
    place = save(root, run)
    address = run_of(server)
    serial = re.search(r'data-serial="(\d+)"', server.ask(address)[1])[1]
    assert json.loads(server.ask(f"{address}parts?after={serial}")[1])["parts"] == []
    known = len(run.entries)
    run.bench(run.factors)
    run.judge(canned.Outcome.TIE, (1.0, 1.0))
    run.add(canned.r.Dropped(ending=canned.Ending.TIE, why="tie"))
    run.drop()
    add_facts(place, run, known)
    news = json.loads(server.ask(f"{address}parts?after={serial}")[1])
    names = [name for name, _ in news["parts"]]
    assert {"r5", "r6", "head", "progress"} <= set(names)
    assert not {"r1", "r2", "r3"} & set(names)
    assert json.loads(server.ask(f"{address}parts?after={news['serial']}")[1])["parts"] == []


def test_an_open_page_is_told_at_once(root, server):
    """The stream says that there is news when a fact was written."""
    run = canned.running()
    place = save(root, run)
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=LIMIT_S)
    connection.request("GET", f"{where.path}{run_of(server)}events")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
    assert answer.readline() == b"retry: 3000\n"
    known = len(run.entries)
    run.add(canned.f.Paused())
    add_facts(place, run, known)
    assert answer.readline() == b"\n"
    assert answer.readline() == b"event: news\n"
    connection.close()


@pytest.mark.parametrize("path", ["", "x", "../", "%2e%2e/"])
def test_without_the_token_there_is_nothing(server, path):
    """Neither the root nor a guess says what is served here."""
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=LIMIT_S)
    connection.request("GET", f"/{path}")
    answer = connection.getresponse()
    assert (answer.status, b"kernel-opt ui" in answer.read()) == (404, True)
    connection.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "127.0.0.1:x"])
def test_a_name_that_points_here_is_no_way_in(server, host):
    """Another site whose name was made to resolve to this machine gets nothing, also with the token."""
    assert server.ask("", Host=host)[0] == 421


@pytest.mark.parametrize("host", ["localhost:9999", "127.0.0.1:8421", "[::1]:80", "LOCALHOST"])
def test_a_forwarded_port_is_fine(server, host):
    """Behind ssh the browser says another port."""
    assert server.ask("", Host=host)[0] == 200


def test_only_the_page_itself_may_wish(root, server):
    """A form or script of another site is refused; so is a POST that says nothing of its origin."""
    place = save(root, canned.running())
    wish = f"{run_of(server)}wish/pause"
    with daemon(place, pid=0):
        assert server.ask(wish, "POST")[0] == 403
        assert server.ask(wish, "POST", Origin="http://evil.example")[0] == 403
        assert server.ask(wish, "POST", Origin="null")[0] == 403
        assert server.ask(wish, "POST", **{"Origin": server.origin, "Sec-Fetch-Site": "cross-site"})[0] == 403
        assert server.ask(wish, "GET")[0] == 405
        assert not Path(place.wishes).exists()
        assert server.ask(wish, "POST", Origin=server.origin)[:2] == (200, "rests after its step")
        assert (Path(place.wishes) / "pause").exists()
        assert server.ask(f"{run_of(server)}wish/resume", "POST", Origin=server.origin)[0] == 200
        assert not (Path(place.wishes) / "pause").exists()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_else_can_be_done(root, server, method):
    """There is no other way to write."""
    save(root, canned.running())
    assert server.ask(run_of(server), method)[0] == 405


def test_a_wish_to_a_run_without_daemon_is_told(root, server):
    """One sentence with what to do, as the verb would say it."""
    save(root, canned.running())
    status, told, _ = server.ask(f"{run_of(server)}wish/stop", "POST", Origin=server.origin)
    assert status == 503
    assert "no daemon carries out run apr16 now" in told


def test_a_journal_that_breaks_is_told_and_comes_back(root, server):
    """While it cannot be read the page says why; afterwards it goes on."""
    place = save(root, canned.running())
    address = run_of(server)
    assert server.ask(address)[0] == 200
    database = Path(place.directory) / "journal.db"
    whole = database.read_bytes()
    break_journal(place)
    status, told, _ = server.ask(f"{address}parts?after=0")
    assert status == 503
    assert "cannot be read as a journal" in told
    assert "Something is wrong" in server.ask(address)[1]
    database.write_bytes(whole)
    assert server.ask(address)[0] == 200


def test_a_run_that_is_removed_is_gone(root, server):
    """Its page says so, with the way back to the list."""
    place = save(root, canned.running())
    address = run_of(server)
    (Path(place.directory) / "run.json").unlink()
    status, page, _ = server.ask(address)
    assert status == 404
    assert "not here any more" in page
    assert 'href="../.."' in page


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=" + "9" * 400, "", "after=%00"])
def test_a_strange_serial_gets_everything(root, server, query):
    """Nothing that a browser may ask ends in an error."""
    save(root, canned.running())
    status, body, _ = server.ask(f"{run_of(server)}parts?{query}")
    assert status == 200
    assert len(json.loads(body)["parts"]) >= 5


def test_ctrl_c_ends_it_with_a_page_still_open(root):
    """At once, with exit code 0, without a traceback."""
    save(root, canned.running())
    with open_ui() as server:
        where = urlsplit(server.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=LIMIT_S)
        connection.request("GET", f"{where.path}{run_of(server)}events")
        connection.getresponse().readline()
        assert server.end() == 0
        connection.close()
        assert server.process.stderr.read() == ""


def test_a_port_in_use_is_told(server):
    """One sentence with what to do."""
    port = str(urlsplit(server.url).port)
    with pytest.raises(KernelOptError, match=f"port {port} cannot be served"):
        call(ui, "--port", port)
    with pytest.raises(UsageError, match="no port 70000"):
        call(ui, "--port", "70000")


def test_the_daemon_can_write_while_a_page_is_read(root, server):
    """No lock is left on the journal between two requests."""
    run = canned.running()
    place = save(root, run)
    server.ask(run_of(server))
    known = len(run.entries)
    run.add(canned.f.Paused())
    began = time.monotonic()
    add_facts(place, run, known)
    assert time.monotonic() - began < LIMIT_S


def test_no_other_verb_pays_for_the_server():
    """Neither `status` nor the daemon loads the server's library."""
    code = "import kernel_opt.cli.status, kernel_opt.daemon.__main__, sys; print('waitress' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
