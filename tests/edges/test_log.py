"""The log is one line of JSON per event; it tells, and nothing depends on it."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.edges.log import open_log


@pytest.fixture(autouse=True)
def closed_handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test opened: a daemon's log ends with its process."""
    opened: list[logging.Handler] = []
    add = logging.Logger.addHandler

    def add_and_note(logger: logging.Logger, handler: logging.Handler) -> None:
        opened.append(handler)
        add(logger, handler)

    monkeypatch.setattr(logging.Logger, "addHandler", add_and_note)
    yield
    for handler in opened:
        handler.close()


def test_each_event_is_a_line_of_json(tmp_path: Path) -> None:
    """With level, time and fields; whatever is in the words stays on its line."""
    log = open_log(tmp_path / "daemon.log", console=False)
    log.info("step", step="Bench", round=3)
    log.warning("line\nbreak", why="größe \udcff \x1b[2J")
    log.error("defect", path=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "daemon.log").read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("step", "info"), ("line\nbreak", "warning"), ("defect", "error")
    ]  # fmt: skip
    assert lines[0]["round"] == 3
    assert lines[0]["timestamp"].endswith("Z")


def test_the_log_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What an earlier daemon wrote stays."""
    for _ in range(2):
        open_log(tmp_path / "daemon.log", console=False).info("again")
    assert len((tmp_path / "daemon.log").read_text().splitlines()) == 2


def test_the_console_gets_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without colours where it is no terminal; only when asked, and never on standard output."""
    open_log(None, console=True).info("hello", round=1)
    open_log(tmp_path / "daemon.log", console=False).info("quiet")
    open_log(None, console=False).info("nobody listens")
    told = capsys.readouterr()
    assert told.out == ""
    assert "hello" in told.err
    assert "round=1" in told.err
    assert "\x1b" not in told.err
    assert "quiet" not in told.err
