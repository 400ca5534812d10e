"""The live page in a real browser: it follows the journal, and leaves the reader where he was."""

from pathlib import Path

import pytest

from tests.cli.seeing import daemon, save
from tests.cli.test_ui import add_facts, run_of
from tests.cli.ui_server import open_ui
from tests.views import canned


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    monkeypatch.chdir("/")
    return tmp_path


def test_facts_appear_and_the_place_is_kept(new_page, root):
    """A new round comes on top; what was open, focused and in view stays so; nothing complains."""
    run = canned.long(40)
    place = save(root, run)
    with open_ui() as server:
        page = new_page()
        page.size(1200, 700)
        page.go(server.url + run_of(server))
        page.until("document.querySelector('#link').textContent === 'live'")
        page.ask("document.querySelector('#r20').open = true")
        page.ask("document.querySelector('#r20 summary').focus({preventScroll: true})")
        page.ask("document.querySelector('#r20').scrollIntoView({behavior: 'instant'})")
        top = page.ask("document.querySelector('#r20').getBoundingClientRect().top")
        known = len(run.entries)
        run.keep((0.97, 0.98), sentence="Pack the tiles <b>tighter</b>.")
        add_facts(place, run, known)
        page.until("document.querySelector('#r41')?.dataset.ending === 'kept'")
        assert page.ask("document.querySelector('#cards').firstElementChild.id") == "r41"
        assert page.ask("document.querySelector('#r41 h3').textContent") == "Pack the tiles <b>tighter</b>."
        assert page.ask("document.querySelector('#r20').open")
        assert page.ask("document.activeElement.parentElement.id") == "r20"
        assert abs(page.ask("document.querySelector('#r20').getBoundingClientRect().top") - top) < 2
        assert page.complaints == []


def test_the_open_round_grows_in_place(new_page, root):
    """A card that is open while its round goes on keeps its folds."""
    run = canned.running()
    place = save(root, run)
    with open_ui() as server:
        page = new_page()
        page.go(server.url + run_of(server))
        page.ask("for (const one of document.querySelectorAll('#r5, #r5 details')) one.open = true")
        known = len(run.entries)
        run.bench(run.factors)
        add_facts(place, run, known)
        page.until("document.querySelector('#r5').textContent.includes('numbers right in 4 rows')")
        assert page.ask("[...document.querySelectorAll('#r5, #r5 details')].every((one) => one.open)")


def test_a_filter_stays_while_facts_come(new_page, root):
    """What does not fit it stays hidden, also when it is new."""
    run = canned.running()
    place = save(root, run)
    with open_ui() as server:
        page = new_page()
        page.go(server.url + run_of(server))
        page.ask("document.querySelector('[data-group=kept]').click()")
        known = len(run.entries)
        run.bench(run.factors)
        run.judge(canned.Outcome.TIE, (1.0, 1.0))
        run.add(canned.r.Dropped(ending=canned.Ending.TIE, why="tie"))
        run.open()
        add_facts(place, run, known)
        page.until("document.querySelector('#r6') !== null")
        assert page.ask("[...document.querySelectorAll('.round:not([hidden])')].map((one) => one.id)") == ["r1"]


def test_pausing_from_the_page(new_page, root):
    """The button is there while a daemon lives, and leaves the wish that `kernel-opt pause` leaves."""
    place = save(root, canned.running())
    with daemon(place, pid=0), open_ui() as server:
        page = new_page()
        page.go(server.url + run_of(server))
        page.until("!document.querySelector('#pause').hidden")
        page.ask("document.querySelector('#pause').click()")
        page.until("document.querySelector('#link').textContent === 'rests after its step'")
        assert (Path(place.wishes) / "pause").exists()
        assert page.complaints == []


def test_a_lost_server_is_told(new_page, root):
    """The page says that it is not live any more instead of looking alive."""
    save(root, canned.running())
    with open_ui() as server:
        page = new_page()
        page.go(server.url + run_of(server))
        page.until("document.querySelector('#link').textContent === 'live'")
        server.end()
        page.until("document.querySelector('#link').classList.contains('lost')")
        assert page.ask("document.querySelector('#link').textContent") == "connection lost, trying again"


def test_the_list_of_runs_reads_well(new_page, root):
    """On a phone too, without a complaint."""
    for name in ("stopped", "running", "waiting"):
        save(root, canned.ALL[name](), name)
    with open_ui() as server:
        page = new_page()
        page.size(360, 740, phone=True)
        page.go(server.url)
        assert page.ask("document.querySelectorAll('.runs tbody tr').length") == 3
        assert page.ask("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.complaints == []
