"""Any agent that speaks the Agent Client Protocol: Gemini CLI, opencode, and others through their bridges."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from kernel_opt.edges.agents.acp_events import Heard
from kernel_opt.edges.agents.events import Event
from kernel_opt.edges.agents.order import Order, Version
from kernel_opt.edges.agents.program import find_program
from kernel_opt.edges.agents.told import Told
from kernel_opt.edges.files import atomic_write

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])
QUIET = {
    "GEMINI_CLI_TRUST_WORKSPACE": "true",
    "GEMINI_CLI_NO_RELAUNCH": "true",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_SHARE": "1",
}
"""No news, no updates, no second process of itself; another agent knows none of them."""
GEMINI = {
    "general": {"enableAutoUpdate": False, "sessionRetention": {"enabled": False}},
    "privacy": {"usageStatisticsEnabled": False},
}
"""The same in Gemini's own file; its conversations go with the round, and till then none is to be cleaned up."""


class Acp:
    """The dialect of the protocol; the settings name the program."""

    program = ""
    keys = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
    hosts = ("generativelanguage.googleapis.com", "api.openai.com", "api.anthropic.com")
    oldest: Version = ()

    def prepare(self, order: Order) -> None:
        """Write the order for the client that is started beside the agent, and quiet settings for it."""
        argv = [find_program(order.agent.program) or order.agent.program, *order.agent.arguments]
        plain = {
            "argv": argv,
            "tree": order.request.worktree,
            "brief": order.request.brief if str(order.brief) != order.request.brief else "",
            "session": order.session,
            "model": order.agent.model,
        }
        atomic_write(order.private / "order.json", json.dumps(plain).encode())
        folder = order.private / "home" / ".gemini"
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / "settings.json", json.dumps(GEMINI).encode())

    def argv(self, order: Order) -> list[str]:
        """Return the client's command line."""
        return [sys.executable, "-P", "-m", "kernel_opt.edges.agents.acp_client", str(order.private / "order.json")]

    def environment(self, order: Order) -> Mapping[str, str]:
        """Return the variables of client and agent."""
        home = order.private
        places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE")}
        return {**QUIET, **places, "PYTHONPATH": _PACKAGE_ROOT}

    def is_progress(self, event: Event) -> bool:
        """Say that every event is: the protocol has none about waiting."""
        return bool(event)

    def read(self, events: Iterable[Event]) -> Told:
        """Say how the call ended."""
        heard = Heard()
        for event in events:
            heard.add(event)
        return heard.tell()
