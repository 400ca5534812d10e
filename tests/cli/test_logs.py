import json
from pathlib import Path

import pytest

from kernel_opt.cli import logs
from kernel_opt.model.errors import UsageError
from tests.cli.seeing import call, save
from tests.views import canned


class EnoughError(Exception):
    """The test has seen enough."""


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir("/")
    return Path(save(tmp_path, canned.fresh()).log)


def lines_of(count: int, start: int = 0) -> str:
    return "".join(json.dumps({"event": f"e{n}", "level": "info"}) + "\n" for n in range(start, start + count))


def test_the_last_lines_in_words(log, capsys):
    """Fifty lines by default, as words."""
    log.write_text(lines_of(60))
    assert call(logs) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 50
    assert out[-1].split() == ["info", "e59"]


def test_rotated_parts_belong_to_the_log(log, capsys):
    """Older parts come first, the oldest before all, whatever their names sort like."""
    log.write_text(lines_of(2, 20))
    log.with_name("daemon.log.2").write_text(lines_of(10, 0))
    log.with_name("daemon.log.10").write_text('{"event": "first"}\n')
    log.with_name("daemon.log.1").write_text(lines_of(10, 10))
    assert call(logs, "-n", "0", "--json") == 0
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events == ["first", *(f"e{n}" for n in range(22))]


@pytest.mark.usefixtures("log")
def test_no_log_yet(capsys):
    """A run whose daemon said nothing has an empty log."""
    assert call(logs) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("log")
def test_a_negative_number_is_refused():
    """Told as a mistake of usage."""
    with pytest.raises(UsageError, match="less than nothing"):
        call(logs, "-n", "-3")


def test_following_over_a_rotation_loses_nothing(log):
    """New lines come as they are written; half a line waits; what was written right before a rotation comes too."""
    log.write_text(lines_of(3))
    stages = iter(range(6))

    def pause() -> None:
        match next(stages):
            case 0:
                with log.open("a") as file:
                    file.write('{"event": "ha')
            case 1:
                with log.open("a") as file:
                    file.write('lf"}\n')
            case 2:
                with log.open("a") as file:
                    file.write("last of the old\n")
                log.rename(log.with_name("daemon.log.1"))
            case 3:
                log.write_text("first of the new\n")
            case 4:
                pass
            case _:
                raise EnoughError

    seen: list[str] = []
    with pytest.raises(EnoughError):
        iter_into(logs.follow(log, 2, pause), seen)
    assert [line for line in seen if "e0" in line] == []
    assert seen[2:] == ['{"event": "half"}', "last of the old", "first of the new"]


def iter_into(lines, seen: list[str]) -> None:
    for line in lines:
        seen += [line]


def test_following_waits_for_the_first_line(log):
    """A log that is not there yet is waited for."""
    stages = iter(range(2))

    def pause() -> None:
        if next(stages) == 0:
            log.write_text("at last\n")
        else:
            raise EnoughError

    seen: list[str] = []
    with pytest.raises(EnoughError):
        iter_into(logs.follow(log, 5, pause), seen)
    assert seen == ["at last"]


def test_ctrl_c_ends_it_quietly(log, monkeypatch, capsys):
    """Following ends with Ctrl-C and exit code 0."""
    log.write_text(lines_of(1))

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(logs.time, "sleep", interrupt)
    assert call(logs, "-f") == 0
    assert "e0" in capsys.readouterr().out
