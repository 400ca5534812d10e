"""Leaves news for a messenger process, so that no slow server or command ever holds up a round.

A fact is told at most once, also over crashes and restarts: its errand is a file named after its number, and the
messenger renames that file before it does anything. What a crash falls into the middle of is not told again.
"""

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.log import Log
from kernel_opt.model.notify_settings import Errand, News, NewsKind, NotifySettings, Told
from kernel_opt.rules.news import count_left_out, may_tell

WAITING, TAKEN, FAILED, LEFT_OUT = ".json", ".taken", ".failed", ".left"
_KEPT_FILES = 200  # more than an hour's worth, which is all that is ever looked back at
_ENDING_S = 60.0
"""Seconds that the end of a run waits for the last message."""


class Notifier:
    """Tells people of news in the ways that the settings name."""

    def __init__(self, folder: Path, settings: NotifySettings, log: Log) -> None:
        self._folder, self._settings, self._log = folder, settings, log
        self._messengers: list[subprocess.Popen[bytes]] = []

    @property
    def is_wanted(self) -> bool:
        """Whether there is any way to tell."""
        return bool(self._settings.command or self._settings.webhook)

    def offer(self, news: News) -> None:
        """Have it told, unless it was already or would be too much; never raises for what the world does."""
        if not self.is_wanted or news.kind not in self._settings.on:
            return
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._leave(news)
        except OSError as error:
            self._log.warning("news could not be left for the messenger", why=str(error), about=news.about)

    def _leave(self, news: News) -> None:
        names = sorted(path.name for path in self._folder.iterdir() if path.name[0].isdecimal())
        number = f"{news.seq:09d}-"
        if any(name.startswith(number) for name in names):
            return
        self._look_back(names)
        past = [told for told in map(_told_of, names) if told is not None]
        name = f"{number}{news.kind.value}-{news.about}-{news.at_s:.0f}"
        if not may_tell(news, past, self._settings):
            (self._folder / f"{name}{LEFT_OUT}").touch()
            return
        settings = self._settings
        errand = Errand(
            news=news,
            left_out=count_left_out(past),
            command=settings.command,
            webhook=settings.webhook,
            timeout_s=settings.timeout_s,
        )
        atomic_write(self._folder / f"{name}{WAITING}", msgspec.json.encode(errand), 0o600)
        self._send()

    def _look_back(self, names: Sequence[str]) -> None:
        """Say in the log what could not be told, and drop what is old."""
        for name in names:
            if name.endswith(FAILED):
                why = (self._folder / name).read_text(encoding="utf-8", errors="replace")
                self._log.warning("news could not be told", why=why, news=name.removesuffix(FAILED))
                (self._folder / name).rename(self._folder / f"{name.removesuffix(FAILED)}{TAKEN}")
        for name in names[:-_KEPT_FILES]:
            (self._folder / name).unlink(missing_ok=True)

    def _send(self) -> None:
        self._messengers = [one for one in self._messengers if one.poll() is None]
        self._messengers.append(
            subprocess.Popen(
                [sys.executable, "-m", "kernel_opt.edges.notify_messenger", str(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        )

    def finish(self, limit_s: float = _ENDING_S) -> None:
        """Wait for what is on its way, within a limit: nothing of us outlives the run."""
        for one in self._messengers:
            try:
                one.wait(limit_s)
            except subprocess.TimeoutExpired:
                self._log.warning("the last news was not told in time")
                one.kill()
                one.wait()
        self._messengers = []
        if self.is_wanted and self._folder.is_dir():
            with contextlib.suppress(OSError):
                self._look_back(sorted(path.name for path in self._folder.glob(f"*{FAILED}")))


def _told_of(name: str) -> Told | None:
    """Read an errand's name; None for one that is none of ours."""
    stem, _, ending = name.rpartition(".")
    parts = stem.split("-")
    try:
        kind, at_s = NewsKind(parts[1]), float(parts[-1])
    except (IndexError, ValueError):
        return None
    return Told(kind=kind, about="-".join(parts[2:-1]), at_s=at_s, is_left_out=f".{ending}" == LEFT_OUT)
