"""A program that speaks like Claude Code, with a book instead of a model: for every machine, and for every trouble.

It takes the arguments of the real one and looks at those that matter here. A page is a row of a JSON file, found as the
scripted model finds it; ``trouble`` names what goes wrong.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

USAGE = {"input_tokens": 1200, "output_tokens": 34}
PRICE_USD = 0.004
FAILURES = {
    "auth": ("Failed to authenticate. API Error: 401 no such key", 401, "success"),
    "limit": ("API Error: Request rejected (429)", 429, "success"),
    "outage": ("API Error: 500", 500, "success"),
    "unreached": ("API Error: cannot connect", None, "success"),
    "too-long": ("Prompt is too long", 400, "success"),
    "turns": ("", None, "error_max_turns"),
}
"""Text, HTTP status and the word for it, as the real one tells them."""


def main() -> int:
    words = sys.argv[1:]
    if "--version" in words:
        print(os.environ.get("STAND_IN_VERSION", "2.1.999 (Stand-in)"))
        return 0
    brief = sys.stdin.read()
    session = words[words.index("--resume") + 1] if "--resume" in words else words[words.index("--session-id") + 1]
    transcript = Path(os.environ["CLAUDE_CONFIG_DIR"], f"{session}.txt")
    if "--resume" in words and not transcript.exists():
        print(f"No conversation found with session ID: {session}", file=sys.stderr)
        return 1
    calls = transcript.read_text() if transcript.exists() else ""
    transcript.write_text(calls + brief)
    tell(type="system", subtype="init", session_id=session, model="stand-in-1", cwd=str(Path.cwd()))
    return play(find_page(brief, calls), session, len(calls.split("# Round")))


def find_page(brief: str, earlier: str) -> dict:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("book", Path(__file__).with_name("book.py"))
    book = module_from_spec(spec)
    sys.modules["book"] = book
    spec.loader.exec_module(book)
    talk = book.read_talk([("text", earlier), ("text", brief)] if earlier else [("text", brief)], [])
    pages = json.loads(Path(os.environ["STAND_IN_BOOK"]).read_text())
    page = pages.get(talk.key, {"files": {}, "says": f"there is no page {talk.key}", "trouble": ""})
    is_claim = isinstance(page["says"], dict)
    return {**page, "says": {**page["says"], "bottlenecks": [talk.hottest]}} if is_claim else page


def play(page: dict, session: str, calls: int) -> int:
    trouble = page["trouble"]
    if trouble == "junk":
        os.write(1, b'\xff\xfe{"type": "res\n{]\n[1]\n"text"\nnull\n' + b"{" * 5000 + b"\n")
    if trouble == "silent-junk":
        os.write(1, b"Segmentation fault\n")
        return 139
    if trouble in FAILURES:
        text, status, subtype = FAILURES[trouble]
        tell(
            type="system",
            subtype="api_retry",
            attempt=1,
            error="server_error",
            error_status=status,
            retry_delay_ms=90_000,
        )
        return fail(session, calls, text, status, subtype)
    for name, text in page["files"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
        tell(type="assistant", message={"id": f"msg_{name}", "model": "stand-in-1", "usage": USAGE})
    if trouble == "orphan":
        leave_orphans()
    while trouble == "waits":
        tell(type="system", subtype="api_retry", attempt=1, error="server_error", error_status=529)
        time.sleep(0.02)
    if trouble in ("stall", "deaf"):
        stall(session, calls, trouble == "deaf")
    if trouble != "no-result":
        answer = page["says"]
        own = {"structured_output": answer} if isinstance(answer, dict) else {"result": answer}
        finish(session, calls, is_error=False, subtype="success", **own)
    return 0


def stall(session: str, calls: int, is_deaf: bool) -> None:
    """Hang; asked by SIGINT it still tells what it has cost, as the real one does, with exit code 0."""

    def on_interrupt(_number: int, _frame: object) -> None:
        finish(session, calls, is_error=True, subtype="error_during_execution", result="interrupted")
        os._exit(0)

    signal.signal(signal.SIGINT, signal.SIG_IGN if is_deaf else on_interrupt)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if is_deaf else signal.SIG_DFL)
    while True:
        time.sleep(600)


def leave_orphans() -> None:
    """Leave processes in sessions of their own, deaf, one of them without any environment."""
    for environ in (dict(os.environ), {}):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                code = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; time.sleep(600)"
                os.execve(sys.executable, [sys.executable, "-S", "-c", code, str(Path.cwd())], environ)
            os._exit(0)
        os.wait()


def fail(session: str, calls: int, text: str, status: int | None, subtype: str) -> int:
    """Fail as the real one does: with the word success."""
    reason = {"terminal_reason": "api_error", "api_error_status": status}
    finish(session, calls, is_error=True, subtype=subtype, result=text, **reason)
    return 1


def finish(session: str, calls: int, **more: object) -> None:
    """Say the last word; the figures are those of the whole conversation."""
    model = {"inputTokens": 1200 * calls, "outputTokens": 34 * calls, "cacheReadInputTokens": 0}
    cost = {"total_cost_usd": PRICE_USD * calls, "modelUsage": {"stand-in-1": model}}
    tell(type="result", session_id=session, num_turns=1, **cost, **more)


def tell(**event: object) -> None:
    os.write(1, json.dumps(event).encode() + b"\n")


sys.exit(main())
