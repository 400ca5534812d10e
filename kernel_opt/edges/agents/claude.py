"""Claude Code, run headless: how it is started, and what its stream of events says."""

import json
from collections.abc import Iterable, Mapping
from typing import cast
from uuid import uuid4

from kernel_opt.edges.agents.claude_events import Heard
from kernel_opt.edges.agents.events import Event
from kernel_opt.edges.agents.order import Order, Version
from kernel_opt.edges.agents.proposal_schema import proposal_schema
from kernel_opt.edges.agents.told import Told
from kernel_opt.edges.skills import PLUGIN
from kernel_opt.model.proposal import Task

TOOLS = "Read,Edit,Write,Glob,Grep,Skill"
"""No shell: with one, what it may not touch would be a matter of good will."""
FLAGS: tuple[tuple[Version, tuple[str, ...]], ...] = (
    (
        (2, 1, 197),
        (
            "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits",
            "--permission-prompts", "none", "--tools", TOOLS,
            # Without these two, hooks and servers that an edit left in the worktree would be run.
            "--setting-sources", "", "--strict-mcp-config",
        ),
    ),
)  # fmt: skip
"""Arguments since the version that knows them."""
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # Its own ten tries last for minutes; three mend a hiccup, and an outage is ours to wait for.
    "CLAUDE_CODE_MAX_RETRIES": "3",
}


class Claude:
    """The dialect of Claude Code."""

    program = "claude"
    keys = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
    hosts = ("api.anthropic.com",)
    oldest: Version = FLAGS[0][0]

    def prepare(self, order: Order) -> None:
        """Make the folder of its settings and transcripts."""
        (order.private / "claude").mkdir(exist_ok=True)

    def argv(self, order: Order) -> list[str]:
        """Return the command line."""
        flags = [word for since, group in FLAGS if order.version >= since for word in group]
        flags += ["--resume", order.session] if order.session else ["--session-id", str(uuid4())]
        if order.agent.model:
            flags += ["--model", order.agent.model]
        if order.limits.max_turns:
            flags += ["--max-turns", str(order.limits.max_turns)]
        if order.request.skills:
            # Without the rules it may neither call a skill nor read what one refers to: nobody is there to be asked.
            rules = f"Skill({PLUGIN}:*),Read(/{order.request.skills}/**)"
            flags += ["--plugin-dir", order.request.skills, "--allowedTools", rules]
        if order.left_usd is not None:
            flags += ["--max-budget-usd", f"{order.left_usd:.4f}"]
        if order.request.task is Task.PROPOSE:
            flags += ["--json-schema", json.dumps(proposal_schema())]
        return [order.program, *flags, "--settings", json.dumps(_settings(order)), *order.agent.arguments]

    def environment(self, order: Order) -> Mapping[str, str]:
        """Return its own variables."""
        return {**QUIET, "CLAUDE_CONFIG_DIR": str(order.private / "claude")}

    def is_progress(self, event: Event) -> bool:
        """Say whether an event is more than a word about a try that failed."""
        return not (event.get("type") == "system" and event.get("subtype") == "api_retry")

    def read(self, events: Iterable[Event]) -> Told:
        """Say how the call ended."""
        heard = Heard()
        for event in events:
            heard.add(event)
        return heard.tell()


def _settings(order: Order) -> Event:
    protected = cast("list[str]", order.request.facts.get("protected", []))
    return {
        "attribution": {"commit": "", "pr": ""},
        "permissions": {"deny": [f"Edit(./{glob})" for glob in protected]},
    }
