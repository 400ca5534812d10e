"""`kernel-opt demo` with a real daemon, a real compiler and real measuring, in short."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from kernel_opt.cli import main as cli
from kernel_opt.cli.demo_follow import Reader, follow
from kernel_opt.cli.demo_gains import times_text
from kernel_opt.cli.demo_lines import tell_fact
from kernel_opt.cli.demo_place import make_repository
from kernel_opt.cli.demo_settings import fit_settings, write_settings
from kernel_opt.cli.demo_show import open_show
from kernel_opt.cli.demo_summary import render_summary, tell_how_to_go_on
from kernel_opt.cli.runs import is_alive
from kernel_opt.edges.settings_file import read_settings
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.errors import UsageError
from kernel_opt.model.facts import Entry
from kernel_opt.model.round_facts import Proposed
from kernel_opt.model.state import RunState
from kernel_opt.views.terminal import Terminal
from tests import fakes
from tests.cli.demo_run import Shown, begin, read_state, show
from tests.edges.waiting import wait_until

SHORT_MIN = 0.5
PATIENCE_MIN = 20.0  # on a machine that does much else a baseline may take minutes


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State and leases of the test's own."""
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("KERNEL_OPT_LEASE_DIR", str(tmp_path / "leases"))


def assert_all_agree(shown: Shown) -> None:
    """Report, branch and journal tell the same: one row and one commit for the baseline and for each keep."""
    keeps = shown.state.tally.keeps
    assert shown.state.stop is not None
    assert shown.state.stop.is_done
    assert is_alive(shown.begun.place) is None
    assert shown.state.tip == shown.tip
    assert sum("baseline" in subject for subject in shown.commits) == 1
    assert sum("stop summary" in subject for subject in shown.commits) >= 1
    assert len(shown.commits) == 1 + keeps + sum("stop summary" in subject for subject in shown.commits)
    assert shown.report.count("| keep") == keeps
    assert "Stop Summary" in shown.report
    assert shown.text.count(" KEPT ") == keeps


@pytest.mark.slow
def test_a_short_demo_ends_in_order_and_all_agree(tmp_path: Path) -> None:
    """Baseline and what fits the time; whatever that was, report, branch and journal tell the same."""
    said: list[str] = []
    shown = show(begin(tmp_path, SHORT_MIN, said), PATIENCE_MIN, said)
    assert shown.ended_by is None
    assert " baseline " in shown.text
    assert_all_agree(shown)
    lines = render_summary(Path(shown.begun.place.directory), shown.begun.place, Terminal(120))
    assert any("performance.md" in line for line in lines)


@pytest.mark.slow
def test_a_demo_killed_in_the_middle_and_gone_on_with_ends_the_same_way(tmp_path: Path) -> None:
    """The daemon is killed while a round is under way; the same command goes on from the last fact."""
    said: list[str] = []
    begun = begin(tmp_path, 5.0, said)
    killed = threading.Event()

    class Killer:
        def tell(self, entry: Entry, _state: RunState) -> None:
            if isinstance(entry.fact, Proposed) and not killed.is_set():
                killed.set()
                os.kill(is_alive(begun.place) or 0, signal.SIGKILL)

        def tick(self, state: RunState) -> None:
            """Nothing is drawn."""

    reader = Reader(begun.place)
    while not killed.is_set():
        reader.read_on(Killer())
        time.sleep(0.05)  # a test that spins would keep a core busy, and the run waiting for it
    wait_until(lambda: is_alive(begun.place) is None, "the daemon is dead")
    before = read_state(begun)
    assert before.stop is None
    shown = show(begin(tmp_path, SHORT_MIN, said), PATIENCE_MIN, said)
    assert f"going on with the demo in {tmp_path / 'demo'}" in said
    assert shown.state.round >= before.round
    assert shown.state.tally.keeps >= before.tally.keeps
    assert_all_agree(shown)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_command_leaves_all_put_away_and_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    """Ctrl-C, SIGTERM, a closed terminal: the daemon ends what runs at once; nothing is alive and nothing is lost."""
    said: list[str] = []
    begun = begin(tmp_path, SHORT_MIN, said)

    class Interrupter:
        def tell(self, entry: Entry, state: RunState) -> None:
            """Nothing is told."""

        def tick(self, _state: RunState) -> None:
            signal.raise_signal(number)

    assert follow(begun, Interrupter(), PATIENCE_MIN) == number
    assert is_alive(begun.place) is None
    stop = read_state(begun).stop
    assert stop is not None
    assert stop.is_done
    assert f"kernel-opt demo --into {begun.root}" in tell_how_to_go_on(begun.root)[-1]


def test_a_demo_that_nobody_can_see_ends(tmp_path: Path) -> None:
    """The reader of its lines has gone: its daemon does not go on unseen."""
    begun = begin(tmp_path, SHORT_MIN, [])

    class Unseen:
        def tell(self, entry: Entry, state: RunState) -> None:
            """Nothing is told."""

        def tick(self, _state: RunState) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        follow(begun, Unseen(), PATIENCE_MIN)
    wait_until(lambda: is_alive(begun.place) is None, "the daemon has gone")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written into it."""
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        make_repository(tmp_path, shipped("examples/paged-attention"))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("is_quiet", [True, False])
def test_settings_are_fitted_and_written_whole(tmp_path: Path, is_quiet: bool) -> None:
    """What is written is what is read; judge, edit rules and benchmark are the example's own but for the pairs."""
    own = read_settings(shipped("examples/paged-attention") / "kernel-opt.toml")
    fitted = fit_settings(own, 3.0, 7, is_quiet=is_quiet)
    write_settings(tmp_path / "demo.toml", fitted)
    assert read_settings(tmp_path / "demo.toml") == fitted
    assert (fitted.agent.name, fitted.search.seed) == ("playbook,knobs", 7)
    assert (fitted.benchmark, fitted.edit, fitted.knobs) == (own.benchmark, own.edit, own.knobs)
    assert fitted.judge.confidence == own.judge.confidence
    assert (fitted.gate.use_pct < 100) is is_quiet


def test_the_examples_knobs_are_sound_and_two_of_them_are_in_the_textbook_port() -> None:
    """The others come with the ideas of the playbook."""
    from kernel_opt.edges.agents.knob_sites import find_sites
    from kernel_opt.edges.agents.knobs import KnobsProposer

    example = shipped("examples/paged-attention")
    own = read_settings(example / "kernel-opt.toml")
    assert KnobsProposer(own.knobs, own.search).find_problem() is None
    sites = find_sites(own.knobs, example)
    assert [(site.knob.name, site.text) for site in sites] == [("OPT", "2"), ("SPLIT_TOKENS", "256")]
    assert None not in [site.standing for site in sites]


def test_every_kind_of_fact_can_be_told() -> None:
    """In one line each, or in silence."""
    state = RunState(round=3)
    told = [tell_fact(fact, state) for fact in fakes.one_of_each()]
    assert all(line is None or (line[0] and "\n" not in line[1]) for line in told)
    assert sum(line is not None for line in told) > 15


@pytest.mark.parametrize(
    ("speed_up", "text"), [(None, "?"), (1.0449, "1.04x"), (8.34, "8.3x"), (31.4, "31x"), (0.5, "0.50x")]
)
def test_speed_ups_are_written_as_precisely_as_they_are_known(speed_up: float | None, text: str) -> None:
    """Never more than two places."""
    assert times_text(speed_up) == text


class FakeTerminal:
    """A stream that says it is a terminal, and keeps what is written."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        raise OSError("no descriptor")


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_terminal_gets_lines_and_below_them_how_it_stands(monkeypatch: pytest.MonkeyPatch, is_plain: bool) -> None:
    """With --plain only the lines."""
    for name, value in {"TERM": "xterm", "COLUMNS": "100", "LINES": "40", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    run = fakes.Run(Judge=("better",) * 4, Propose=("good",) * 3)
    run.start(max_rounds=2)
    stream, state = FakeTerminal(), RunState()
    with open_show(stream, 3.0, is_plain=is_plain) as shower:  # type: ignore[arg-type]
        for entry in run.entries():
            state = fakes.fold(entry.fact, state=state)
            shower.tell(entry, state)
        shower.tick(state)
    assert "round 1" in stream.text
    assert ("speed-up" in stream.text) is not is_plain


@pytest.mark.parametrize("words", [["--minutes", "0"], ["--minutes", "x"], ["--seed", "x"]])
def test_usage_is_checked(words: list[str]) -> None:
    """Before anything is made."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["demo", *words])
    assert caught.value.code == 2
