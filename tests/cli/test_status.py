import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.cli import status
from kernel_opt.model.errors import UsageError
from kernel_opt.model.facts import StopPlanned
from kernel_opt.views.status import Seen
from tests.cli.seeing import call, daemon, save
from tests.views import canned


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir("/")
    return tmp_path


def test_one_run_shows_its_screen(root, capsys):
    """With one run there is nothing to choose; piped output is plain."""
    with daemon(save(root, canned.running())):
        assert call(status) == 0
    out = capsys.readouterr().out
    assert out.startswith("apr16  running   /home/ann/flydsl\n")
    assert "daemon 4711" in out
    assert "\x1b" not in out


def test_the_exit_code_tells_how_it_stands(root, capsys):
    """3 for stopped, 4 for dead."""
    save(root, canned.stopped(), "old")
    assert call(status, "--tag", "old") == 3
    save(root, canned.running(), "new")
    assert call(status, "--tag", "new") == 4
    assert "kernel-opt start --tag new --resume" in capsys.readouterr().out


def test_several_runs_have_one_line_each(root, capsys):
    """The worst of them decides the exit code."""
    save(root, canned.stopped(), "old")
    with daemon(save(root, canned.waiting(), "newer")):
        assert call(status) == 0
        lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["newer", "waiting"], ["old", "stopped"]]
    assert call(status) == 4
    assert "dead" in capsys.readouterr().out


@pytest.mark.usefixtures("root")
def test_no_runs(capsys):
    """Nothing was started yet: that is said, and is no error."""
    assert call(status) == 0
    assert "There is no run yet" in capsys.readouterr().out


def test_json_is_a_list_of_runs(root, capsys):
    """The same shape for one run and for many, with what only an onlooker knows."""
    place = save(root, canned.running())
    with daemon(place, 99):
        assert call(status, "--json", "--tag", "apr16") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == 1
    (one,) = found["runs"]
    assert (one["tag"], one["state"], one["pid"], one["directory"]) == ("apr16", "running", 99, place.directory)
    assert one["overall"]["gain_pct"] == 7.5
    assert call(status, "--json") == 4
    assert json.loads(capsys.readouterr().out)["runs"][0]["state"] == "dead"


def test_every_field_of_the_json_is_documented(root, capsys):
    """A field that --help does not name is no promise; one it names must be there."""
    save(root, canned.running())
    call(status, "--json")
    (one,) = json.loads(capsys.readouterr().out)["runs"]
    told = status._EPILOG.partition("one object a run:")[2].partition(".\nTimes")[0]
    documented = {word.strip() for word in told.replace("\n", " ").split(",")}
    assert set(one) == documented


def test_a_broken_journal_is_part_of_the_answer(root, capsys):
    """One run that cannot be read hides no other."""
    broken = save(root, canned.running(), "bad")
    (Path(broken.directory) / "journal.db").write_bytes(b"this is no database at all" * 100)
    with daemon(save(root, canned.running(), "good")):
        assert call(status) == 4
    out = capsys.readouterr().out
    assert "broken" in out
    assert "good  running" in out


def test_a_run_whose_note_is_broken_is_part_of_the_answer(root, capsys):
    """It is named by its directory, and hides no other."""
    broken = save(root, canned.running(), "bad")
    (Path(broken.directory) / "run.json").write_text("{")
    with daemon(save(root, canned.running(), "good")):
        assert call(status) == 4
    out = capsys.readouterr().out
    assert "bad   broken" in out
    assert "good  running" in out


@pytest.mark.usefixtures("root")
def test_an_unknown_tag_is_refused():
    """A typing mistake is one sentence, not an empty screen."""
    with pytest.raises(UsageError, match="no"):
        call(status, "--tag", "none")


def test_watch_into_a_pipe_writes_a_plain_line_for_each_change(root, capsys):
    """There is nothing to draw over: one dated line whenever something changed, until the run is over."""
    run = canned.running()
    shots = [run, run, canned.waiting(), canned.stopped()]

    def look() -> list[Seen]:
        return [seen_of(shots.pop(0))]

    assert status.follow(look, sys.stdout, lambda: None) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines] == ["running", "waiting", "stopped"]
    assert all("\x1b" not in line for line in lines)
    assert "GPU 0: pid 812 (train) uses it" in lines[1]
    save(root, canned.stopped())
    assert call(status, "--watch") == 3
    assert "apr16  stopped" in capsys.readouterr().out


@pytest.mark.usefixtures("root")
def test_following_ends_at_ctrl_c_and_without_runs(capsys):
    """Nobody is left waiting for a run that does not exist."""

    def pause() -> None:
        raise KeyboardInterrupt

    assert status.follow(lambda: [seen_of(canned.running())], sys.stdout, pause) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert status.follow(list, sys.stdout, pause) == 0


class Terminal:
    """Both ends of a pseudo terminal."""

    def __init__(self) -> None:
        self.ours, theirs = pty.openpty()
        self.stream = os.fdopen(theirs, "w")

    def read(self, end: str) -> str:
        """Read up to a mark: the kernel hands a terminal's output over in its own time."""
        text = b""
        while end.encode() not in text:
            assert select.select([self.ours], [], [], 30)[0], f"{end!r} never came after {text!r}"
            text += os.read(self.ours, 1 << 16)
        return text.decode()

    def close(self) -> None:
        self.stream.close()
        os.close(self.ours)


@pytest.fixture
def terminal():
    both = Terminal()
    yield both
    both.close()


def seen_of(run: canned.Canned) -> Seen:
    shot = json.loads(canned.snapshot(run.state, run.settings))
    return Seen("apr16", "/s", shot, 7, shot["last_fact_s"])


@pytest.mark.usefixtures("root")
def test_watch_draws_in_place_until_the_run_is_over(terminal):
    """Each frame is drawn over the last without clearing the screen; the end stays on the terminal."""
    run, frames = canned.Canned().baseline().to_stop(), []

    def pause() -> None:
        frames.append(terminal.read("\x1b[J"))
        run.add(canned.r.Sealed(purpose="stop", old=run.state.tip, new="e" * 40))
        run.add(canned.f.Stopped(reason="r", code="c", best="e" * 40))

    assert isinstance(run.entries[-1].fact, StopPlanned)
    assert status.watch(lambda: [seen_of(run)], terminal.stream, pause) == 3
    (first,) = frames
    assert first.startswith("\x1b[?1049h\x1b[?25l\x1b[H")
    assert "\x1b[2J" not in first
    assert "stopping" in first
    rest = terminal.read("`kernel-opt start --tag apr16 --resume` goes on\r\n")
    assert rest.index("stopped") < rest.index("\x1b[?1049l") < rest.rindex("stopped")


@pytest.mark.usefixtures("root")
def test_watch_leaves_the_terminal_as_it_was_on_ctrl_c(terminal):
    """The cursor and the old screen come back, and the exit code is the run's."""

    def pause() -> None:
        raise KeyboardInterrupt

    assert status.watch(lambda: [seen_of(canned.running())], terminal.stream, pause) == 0
    assert "\x1b[?25h\x1b[?1049l" in terminal.read("\x1b[?1049l")


def test_status_starts_with_the_standard_library_alone(root):
    """No schema library, no terminal library, no template engine, no model of the run is loaded to show one screen."""
    save(root, canned.running())
    code = (
        "import sys, argparse\nfrom kernel_opt.cli import status\n"
        "parser = argparse.ArgumentParser()\nstatus.add_parser(parser.add_subparsers())\n"
        "assert status.run(parser.parse_args(['status'])) == 4\n"
        "print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert done.stdout.startswith("apr16  dead")
    heavy = {"msgspec", "rich", "structlog", "jinja2", "pandas", "git", "tenacity", "pyrsmi", "dataclasses", "inspect",
             "pathlib", "subprocess", "asyncio", "logging", "tempfile", "typing_extensions"}  # fmt: skip
    assert not loaded & heavy
    models = {name for name in loaded if name.startswith("kernel_opt.model.")}
    assert models == {"kernel_opt.model.errors"}


def test_a_terminal_without_utf8_gets_ascii(root):
    """Under LANG=C and in an 8-bit locale the screen is plain ASCII, not a traceback."""
    save(root, canned.running())
    code = (
        "import argparse\nfrom kernel_opt.cli import status\n"
        "parser = argparse.ArgumentParser()\nstatus.add_parser(parser.add_subparsers())\n"
        "status.run(parser.parse_args(['status']))\n"
    )
    for extra in ({"LANG": "C"}, {"LC_ALL": "C"}, {"LANG": "C.UTF-8", "PYTHONIOENCODING": "ascii"}):
        env = {name: value for name, value in os.environ.items() if name not in {"LANG", "LC_ALL", "LC_CTYPE"}}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={**env, **extra})
        assert done.stdout.isascii()
        assert b"7.5 +- 0.9 %" in done.stdout
