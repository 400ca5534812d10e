"""The two ways to tell: a command of the user's, and a webhook as chat programs have it."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import msgspec

from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.notify_webhook import UnreachedError, find_address, post
from kernel_opt.edges.process import run_contained
from kernel_opt.edges.retry import retry
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.notify_settings import Errand

TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 3, 2.0, 10.0
"""A chat server that restarts is back in seconds; one that is gone for longer is told by nobody."""
_LOG_BYTES = 64 << 10


def deliver(errand: Errand, path: Path, environ: Mapping[str, str]) -> list[str]:
    """Tell the news in every way that is set up; return what went wrong, without any secret in it."""
    problems: list[str] = []
    ways: list[tuple[str, Callable[[], None]]] = []
    if errand.command:
        ways.append(("the command", lambda: run_command(errand, path, environ)))
    if errand.webhook:
        ways.append(("the webhook", lambda: call_webhook(errand, environ)))
    for name, way in ways:
        try:
            way()
        except KernelOptError as error:
            problems.append(f"{name}: {error}")
    return problems


def run_command(errand: Errand, path: Path, environ: Mapping[str, str]) -> None:
    """Give the news to the user's command; whatever it started is dead when this returns."""
    news = errand.news
    payload = path.with_name("payload.json")
    payload.write_bytes(msgspec.json.encode({**msgspec.to_builtins(news), "left_out": errand.left_out}))
    told = {
        "KERNEL_OPT_EVENT": news.kind.value,
        "KERNEL_OPT_ABOUT": news.about,
        "KERNEL_OPT_TEXT": text_of(errand),
        "KERNEL_OPT_TAG": news.tag,
        "KERNEL_OPT_ROUND": str(news.round),
    }
    ended = run_contained(
        errand.command, cwd=Path("/"), env={**environ, **told}, log=path.with_name("command.log"),
        timeout_s=errand.timeout_s, stdin=payload, log_cap_bytes=_LOG_BYTES,
    )  # fmt: skip
    if ended.timed_out:
        raise KernelOptError(f"took longer than {errand.timeout_s:g} s", "see notify.timeout_s")
    if ended.exit_code != 0:
        raise KernelOptError(f"ended with {ended.exit_code}", f"what it printed is in {path.with_name('command.log')}")


def call_webhook(errand: Errand, environ: Mapping[str, str]) -> None:
    """Post the news; tried again only where the server cannot have taken it."""
    address = find_address(errand.webhook, environ)
    body = msgspec.json.encode({"text": _escape(text_of(errand))})
    retry(
        lambda: within(errand.timeout_s, lambda: post(address, body, errand.timeout_s)),
        on=UnreachedError,
        tries=TRIES,
        first_wait_s=FIRST_WAIT_S,
        longest_wait_s=LONGEST_WAIT_S,
        sleep=SystemClock().sleep_s,
    )


def text_of(errand: Errand) -> str:
    """Return the sentence, with what was left out before it."""
    more = f" ({errand.left_out} earlier messages were left out)" if errand.left_out else ""
    return errand.news.text + more


def _escape(text: str) -> str:
    """Disarm what chat programs take for markup: a hypothesis must not be able to call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def within(limit_s: float, work: Callable[[], None]) -> None:
    """Do something that a server could draw out byte by byte, and give up after so many seconds in all."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    left, _ = signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)
