import json
from pathlib import Path

import msgspec
import pytest

from kernel_opt.edges.notify import Notifier
from kernel_opt.edges.notify_messenger import main as carry_out
from kernel_opt.model.notify_settings import News, NewsKind, NotifySettings
from tests.edges.webhook_server import chat_server


class Lines:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append(f"{event} {fields}")

    warning = error = info


def news(seq: int, kind: NewsKind = NewsKind.KEEP, about: str = "kept", at_s: float = 0.0) -> News:
    return News(
        kind=kind,
        about=about,
        text=f"news {seq}",
        tag="t",
        repository="/r",
        seq=seq,
        round=1,
        at_s=at_s or 1000.0 + seq,
    )


def writing(folder: Path, **more: object) -> NotifySettings:
    """Settings whose command puts each message on a line of a file."""
    script = f'cat >> "{folder}/told"; echo >> "{folder}/told"'
    return NotifySettings(command=("/bin/sh", "-c", script), **more)


def told(folder: Path) -> list[dict[str, object]]:
    path = folder / "told"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_each_fact_is_told_once_and_in_order(tmp_path):
    """Also when it is offered again, by this daemon or the next one."""
    log = Lines()
    notifier = Notifier(tmp_path / "news", writing(tmp_path), log)
    for seq in (3, 4, 4):
        notifier.offer(news(seq))
    notifier.finish()
    later = Notifier(tmp_path / "news", writing(tmp_path), log)
    for seq in (4, 3, 5):
        later.offer(news(seq))
    later.finish()
    assert [line["seq"] for line in told(tmp_path)] == [3, 4, 5]
    assert log.lines == []


def test_a_messenger_that_dies_leaves_nothing_to_be_told_twice(tmp_path):
    """What it had taken is not taken again; what it had not yet taken still is."""
    folder = tmp_path / "news"
    notifier = Notifier(folder, writing(tmp_path), Lines())
    notifier.offer(news(1))
    notifier.finish()
    waiting = msgspec.json.encode({"news": msgspec.to_builtins(news(3)), "command": list(writing(tmp_path).command)})
    (folder / "000000002-keep-kept-1002.taken").write_bytes(b"{}")
    (folder / "000000003-keep-kept-1003.json").write_bytes(waiting)
    assert carry_out(folder) == 0
    notifier.offer(news(2))
    notifier.finish()
    assert [line["seq"] for line in told(tmp_path)] == [1, 3]


def test_only_what_is_wished_is_told(tmp_path):
    """Neither other kinds of news, nor anything when no way is set up."""
    quiet = Notifier(tmp_path / "news", NotifySettings(), Lines())
    quiet.offer(news(1))
    assert not quiet.is_wanted
    stops = Notifier(tmp_path / "news", writing(tmp_path, on=(NewsKind.STOP,)), Lines())
    stops.offer(news(2))
    stops.finish()
    assert not (tmp_path / "news").exists()


def test_trouble_cannot_flood(tmp_path):
    """The same kind once an hour, twelve messages in all; the next one says how many were left out; the end is told."""
    notifier = Notifier(tmp_path / "news", writing(tmp_path, per_hour=3), Lines())
    for seq in range(1, 20):
        notifier.offer(news(seq, NewsKind.TROUBLE, "gpu"))
    for seq in range(20, 30):
        notifier.offer(news(seq))
    notifier.offer(news(30, NewsKind.STOP, "stopped"))
    notifier.offer(news(31, NewsKind.TROUBLE, "gpu", at_s=1000.0 + 3700.0))
    notifier.finish()
    assert [(line["seq"], line["left_out"]) for line in told(tmp_path)] == [(1, 0), (20, 18), (21, 0), (30, 8), (31, 0)]


def test_what_cannot_be_told_is_in_the_log(tmp_path):
    """A failed command is said once, at the end or with the next news; no round ever waits for it."""
    log = Lines()
    notifier = Notifier(tmp_path / "news", NotifySettings(command=("/bin/sh", "-c", "exit 4")), log)
    notifier.offer(news(1))
    notifier.finish()
    assert len(log.lines) == 1
    assert "ended with 4" in log.lines[0]
    notifier.finish()
    assert len(log.lines) == 1


def test_a_messenger_that_does_not_end_is_ended(tmp_path):
    """The end of a run waits for the last message, but not for ever, and leaves nothing alive."""
    log = Lines()
    mark = tmp_path / "begun"
    settings = NotifySettings(command=("/bin/sh", "-c", f"touch {mark}; exec sleep 876543"), timeout_s=600)
    notifier = Notifier(tmp_path / "news", settings, log)
    notifier.offer(news(1))
    notifier.finish(limit_s=1.5)
    assert "not told in time" in log.lines[0]


def test_a_place_that_cannot_be_written_fails_no_round(tmp_path):
    """It is said in the log."""
    (tmp_path / "news").write_text("a file in the way")
    log = Lines()
    Notifier(tmp_path / "news", writing(tmp_path), log).offer(news(1))
    assert "could not be left" in log.lines[0]


def test_the_address_is_in_no_file(tmp_path, monkeypatch):
    """Neither the errand nor what is said of its failure holds the secret."""
    log = Lines()
    with chat_server() as server:
        server.answers = ["404"]
        monkeypatch.setenv("HOOK", server.url)
        notifier = Notifier(tmp_path / "news", NotifySettings(webhook="env:HOOK"), log)
        notifier.offer(news(1))
        notifier.finish()
    everything = b"".join(path.read_bytes() for path in (tmp_path / "news").iterdir())
    assert b"SECRET" not in everything
    assert b"127.0.0.1" not in everything
    assert "the server answered 404" in log.lines[0]
    assert "SECRET" not in log.lines[0]


@pytest.mark.parametrize("name", ["lock", "notes.txt", "000000001-odd-name-x.json", "9-x", "000000005-keep.taken"])
def test_a_stray_file_does_no_harm(tmp_path, name):
    """What is none of ours is neither read nor counted."""
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / name).write_text("")
    notifier = Notifier(folder, writing(tmp_path), Lines())
    notifier.offer(news(7))
    notifier.finish()
    assert [line["seq"] for line in told(tmp_path)] == [7]
