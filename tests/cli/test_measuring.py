"""What a person's own measurement is made with: everything of it goes away again."""

import datetime as dt
import os
import signal
from io import StringIO
from pathlib import Path

import pytest

from kernel_opt.cli.measuring import TerminalWishes, hear_ctrl_c, open_tools, without_tracer
from kernel_opt.cli.progress import Progress
from kernel_opt.daemon.lock import read_holder
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.settings_file import read_settings
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import PlatformSettings
from tests.edges.toy_repository import make_repository
from tests.fakes import settings

ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_become_a_wish_and_are_given_back(number: signal.Signals) -> None:
    """Nothing is torn off in the middle; afterwards the signals do what they did before."""
    before = signal.getsignal(number)
    with hear_ctrl_c(Progress(StringIO())) as wishes:
        assert (wishes.stop_now(), wishes.stop(), wishes.pause()) == (None, None, False)
        signal.raise_signal(number)
        wish = wishes.stop_now()
        assert wish is not None
        assert wish.reason == wishes.stop() == ("Ctrl-C" if number == signal.SIGINT else number.name)
        wishes.sleep_until(dt.datetime.now(dt.UTC).timestamp() + 3600)  # it does not sleep any more
    assert signal.getsignal(number) is before


def test_under_nohup_a_closed_terminal_changes_nothing() -> None:
    """Whoever asked for that keeps it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with hear_ctrl_c(Progress(StringIO())) as wishes:
            signal.raise_signal(signal.SIGHUP)
            assert wishes.stop_now() is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_tools_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder, its lock and what lies in it are gone, also when it went wrong."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    repository, host = make_repository(tmp_path / "repo"), settings(platform=PlatformSettings(name="host"))

    def fail(wishes: TerminalWishes) -> None:
        with open_tools(repository, host, ENVIRONMENT, wishes) as tools:
            assert read_holder(Path(tools.place.lock)) == os.getpid()
            assert list(tools.history()) == []
            (tools.folder / "stubborn").mkdir(mode=0o500)
            raise KeyError("whatever happens")

    with hear_ctrl_c(Progress(StringIO())) as wishes, pytest.raises(KeyError):
        fail(wishes)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_measuring_needs_is_looked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rocprofv3 it says so; with script times it is not needed."""
    preset = read_settings(shipped("configs/flydsl-pa.toml"))
    repository = make_repository(tmp_path / "repo")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    no_tracer = pytest.raises(UsageError, match="rocprofv3 is not on PATH")
    with hear_ctrl_c(Progress(StringIO())) as wishes, no_tracer, open_tools(repository, preset, ENVIRONMENT, wishes):
        pass
    assert open_kit(preset.platform).tracer is not None
    plain = open_kit(without_tracer(preset).platform)
    assert (plain.tracer, plain.programs) == (None, ())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["repo"]
