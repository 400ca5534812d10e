"""What the pages cost: size and time of a long run's HTML, time until a browser can use it, the UI server's memory.

Run as ``python -m bench.views``; says by its exit code whether every bar is held.
"""

import os
import socket
import sys
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from kernel_opt.views.html.page import render_report
from tests.browser.chromium import MISSING, PROGRAM, open_browser
from tests.cli.ui_server import Server, open_ui
from tests.views import canned
from tests.views.html.rich import DIFF, enrich

ROUNDS = 500
SIZE_BAR_MB, INTERACTIVE_BAR_S, RSS_BAR_MIB = 3.0, 1.0, 40.0
DIFF_LINES = 60  # a change of a kernel is rarely longer
# From the start of loading until a filter has answered a click.
_CLICK = """new Promise((done) => {
  const began = performance.now();
  document.querySelector("[data-group=kept]").click();
  requestAnimationFrame(() => done((performance.now() - began) / 1000));
})"""


def write_page(path: Path) -> tuple[float, float]:
    """Write the page of a long run; return its megabytes and the seconds it took to render."""
    entries = enrich(canned.long(ROUNDS).entries)
    diff = DIFF + "".join(f"+    value_{number} = load(base + {number})\n" for number in range(DIFF_LINES))
    began = time.perf_counter()
    page = render_report(entries, lambda _: diff).encode()
    took_s = time.perf_counter() - began
    path.write_bytes(page)
    return len(page) / 1e6, took_s


def measure_interactive(path: Path, folder: Path) -> tuple[float, int]:
    """Return seconds from opening the page to a working filter, the best of three, and how many rounds are shown."""
    with open_browser(folder) as new_page:
        times: list[float] = []
        for _ in range(3):
            page = new_page()
            page.go(path.as_uri())
            times.append(float(page.ask("performance.timing.loadEventEnd - performance.timing.navigationStart")) / 1000)
            times[-1] += float(page.ask(_CLICK))
        shown = page.ask("document.querySelectorAll('.round:not([hidden])').length")
    return min(times), int(shown)


def measure_server(base: Path) -> tuple[float, float]:
    """Return MiB of the idle UI server before anybody looked, and after a long run's page was shown and left."""
    os.environ["KERNEL_OPT_STATE"] = str(base)
    canned.save(canned.long(ROUNDS), base)
    with open_ui() as server:
        fresh = _rss_mib(server.process.pid)
        address = server.ask()[1].partition('href="')[2].partition('"')[0]
        _leave_after_look(server, address)
        return fresh, _rss_mib(server.process.pid)


def _leave_after_look(server: Server, address: str) -> None:
    """Show a page as a browser does, with its stream, close it, and wait until the server has noticed."""
    if server.ask(address)[0] != HTTPStatus.OK:
        raise SystemExit("the page was not served")
    where = urlsplit(server.url + address)
    with socket.create_connection((where.hostname or "", where.port or 0)) as stream:
        stream.sendall(f"GET {where.path}events HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
        stream.recv(4096)
    time.sleep(2.5)  # it looks each second


def _rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


def main() -> int:
    """Print the figures with their bars."""
    held: list[bool] = []

    def tell(text: str, *, is_held: bool) -> None:
        held.append(is_held)
        print(f"{'ok  ' if is_held else 'OVER'} {text}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        size_mb, took_s = write_page(base / "page.html")
        words = f"page of {ROUNDS} rounds: {size_mb:.1f} MB in {took_s:.1f} s; bar {SIZE_BAR_MB:g} MB"
        tell(words, is_held=size_mb <= SIZE_BAR_MB)
        if PROGRAM is None:
            tell(f"interactive: not measured, {MISSING}", is_held=False)
        else:
            ready_s, shown = measure_interactive(base / "page.html", base / "browser")
            words = f"interactive after {ready_s:.2f} s, {shown} kept rounds shown; bar {INTERACTIVE_BAR_S:g} s"
            tell(words, is_held=ready_s <= INTERACTIVE_BAR_S)
        fresh_mib, used_mib = measure_server(base / "state")
        words = (
            f"idle UI server: {fresh_mib:.0f} MiB, {used_mib:.0f} after a long run was shown; bar {RSS_BAR_MIB:g} MiB"
        )
        tell(words, is_held=max(fresh_mib, used_mib) <= RSS_BAR_MIB)
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
