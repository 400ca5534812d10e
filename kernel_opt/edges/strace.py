"""What a command opened, started and connected to, as strace saw it."""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

LOG = "calls.strace"
SIZE_CAP_BYTES = 256 << 20  # a benchmark of torch opens some ten thousand files: a few MB
_CALLS = "?open,openat,?openat2,?creat,execve,?execveat,connect"
_LINE = re.compile(r"^(?P<pid>\d+)\s+(?P<text>.*)$")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>\s?")
_UNFINISHED = " <unfinished ...>"
_OPENED = re.compile(r"^(?:open|openat|openat2|creat)\((?P<args>.*)\) = \d+<(?P<path>[^>]*)>")
_STARTED = re.compile(r'^execve(?:at)?\((?:[^"]*, )?"(?P<path>(?:[^"\\]|\\.)*)".*\) = 0')
_CONNECTED = re.compile(r"^connect\(\d+(?:<[^>]*>)?, (?P<address>\{.*?\}), \d+\)")


class Seen(NamedTuple):
    """One thing that a command did: ``read``, ``write``, ``start`` or ``connect``, and what with."""

    kind: str
    what: str


def audit_argv(argv: Iterable[str], out: str) -> tuple[str, ...] | None:
    """Return the command under strace, its log below ``out``; None where strace is not installed."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    # The filter in the kernel stops only for what is asked about: without it a compiler runs ten times as long.
    own = (strace, "-f", "--seccomp-bpf", "-qq", "-y", "-s", "4096", "-e", "signal=none", "-e", f"trace={_CALLS}")
    return (*own, "-o", f"{out}/{LOG}", *argv)


def read_audit(path: Path) -> frozenset[Seen] | None:
    """Return what is in the log; None when there is none, or one that no benchmark writes."""
    try:
        if not path.is_file() or path.stat().st_size > SIZE_CAP_BYTES:
            return None
        with path.open(encoding="utf-8", errors="replace") as lines:
            return frozenset(seen for call in _join(lines) if (seen := _tell(call)) is not None)
    except OSError:
        return None


def _join(lines: Iterable[str]) -> Iterator[str]:
    """Yield whole calls: one that another thread interrupted stands in two lines."""
    begun: dict[str, str] = {}
    for line in lines:
        found = _LINE.match(line.rstrip("\n"))
        if found is None:
            continue
        pid, text = found["pid"], found["text"]
        if text.endswith(_UNFINISHED):
            begun[pid] = text.removesuffix(_UNFINISHED)
        elif _RESUMED.match(text):
            yield begun.pop(pid, "") + _RESUMED.sub("", text)
        else:
            yield text


def _tell(call: str) -> Seen | None:
    if found := _OPENED.match(call):
        is_write = call.startswith("creat") or re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", found["args"])
        return Seen("write" if is_write else "read", found["path"].removesuffix(" (deleted)"))
    if found := _STARTED.match(call):
        return Seen("start", found["path"])
    if found := _CONNECTED.match(call):
        return Seen("connect", found["address"])
    return None
