"""Codex, run headless: how it is started, and what its stream of events says."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from kernel_opt.edges.agents.events import Event, count, table, words
from kernel_opt.edges.agents.order import Order, Version
from kernel_opt.edges.agents.proposal_schema import proposal_schema
from kernel_opt.edges.agents.told import CallEnd, Told, classify_words
from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.skills import link_skills
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.proposal import Task
from kernel_opt.model.sandbox import SandboxLevel

CONFIG = """\
approval_policy = "never"
sandbox_mode = "{mode}"
check_for_update_on_startup = false

# Else it waits seconds for a name server at its end.
[analytics]
enabled = false

# Writable is the worktree alone: by default all of /tmp is, too, and a repository may lie there.
[sandbox_workspace_write]
network_access = false
exclude_slash_tmp = true
exclude_tmpdir_env_var = true

# By default what it runs sees the key.
[shell_environment_policy]
inherit = "core"
"""
FLAGS: tuple[tuple[Version, tuple[str, ...]], ...] = (((0, 169, 0), ("--json", "--strict-config")),)
"""Arguments since the version that knows them."""
_WAITING = "Reconnecting"


class Codex:
    """The dialect of Codex."""

    program = "codex"
    keys = ("OPENAI_API_KEY", "CODEX_API_KEY")
    hosts = ("api.openai.com",)
    oldest: Version = FLAGS[0][0]

    def prepare(self, order: Order) -> None:
        """Write its settings, afresh before each call: they also say what it may touch."""
        home = order.private / "codex"
        home.mkdir(exist_ok=True)
        atomic_write(home / "config.toml", CONFIG.format(mode=_find_mode(order)).encode())
        if order.request.skills:
            link_skills(sorted(Path(order.request.skills, "skills").iterdir()), home / "skills")
        atomic_write(order.private / "schema.json", json.dumps(proposal_schema()).encode())

    def argv(self, order: Order) -> list[str]:
        """Return the command line; the brief comes by standard input, which it waits for unless told so by ``-``."""
        flags = [word for since, group in FLAGS if order.version >= since for word in group]
        if order.agent.model:
            flags += ["--model", order.agent.model]
        if order.request.task is Task.PROPOSE:
            flags += ["--output-schema", str(order.private / "schema.json")]
        resume = ["resume", order.session] if order.session else []
        return [order.program, "exec", *resume, *flags, *order.agent.arguments, "-"]

    def environment(self, order: Order) -> Mapping[str, str]:
        """Return its own variables."""
        return {"CODEX_HOME": str(order.private / "codex")}

    def is_progress(self, event: Event) -> bool:
        """Say whether an event is more than a word about a server that cannot be reached."""
        return not (event.get("type") == "error" and words(event.get("message")).startswith(_WAITING))

    def read(self, events: Iterable[Event]) -> Told:
        """Say how the call ended."""
        heard = _Heard()
        for event in events:
            heard.add(event)
        return heard.tell()


def _find_mode(order: Order) -> str:
    """Return who holds what it runs: we, or where we have no walls its own sandbox. One cannot stand in the other."""
    walls = order.request.sandbox
    is_held = walls is not None and walls.level.holds(SandboxLevel.S2)
    return "danger-full-access" if is_held else "workspace-write"


class _Heard:
    """What was heard in the order of the events."""

    def __init__(self) -> None:
        self._session = self._waiting = self._failure = self._message = ""
        self._usage: Event = {}
        self._is_done = self._has_begun = False

    def add(self, event: Event) -> None:
        """Take one event; an item of the kind "error" may be a mere warning and is passed over."""
        match event.get("type"):
            case "thread.started":
                self._session = words(event.get("thread_id"))
            case "item.completed" | "item.started":
                self._take_item(table(event.get("item")))
            case "error":
                self._waiting = words(event.get("message"))
            case "turn.completed":
                self._is_done, self._waiting, self._usage = True, "", table(event.get("usage"))
            case "turn.failed":
                self._failure = words(table(event.get("error")).get("message")) or "it failed and gave no reason"
            case _:
                pass

    def _take_item(self, item: Event) -> None:
        kind = item.get("type")
        if kind == "error":
            return
        self._has_begun, self._waiting = True, ""
        if kind == "agent_message" and isinstance(item.get("text"), str):
            self._message = str(item["text"])

    def tell(self) -> Told:
        """Say how it ended."""
        end, detail = self._find_end()
        usage = Usage()
        if self._usage:
            written = count(self._usage.get("output_tokens"))
            usage = Usage(input_tokens=count(self._usage.get("input_tokens")), output_tokens=written)
        return Told(
            end=end,
            detail=detail,
            answer=self._message.encode(),
            usage=usage,
            session=self._session,
            is_total=bool(self._usage),
            has_begun=self._has_begun or self._is_done or bool(self._failure),
        )

    def _find_end(self) -> tuple[CallEnd, str]:
        if self._failure:
            said, kind = _unwrap(self._failure)
            if kind == "invalid_request_error":
                return CallEnd.NOTHING, said
            # What the server refused has a word for it; all else is the network's or the server's trouble.
            return classify_words(f"{kind} {said}") or CallEnd.TRANSIENT, said
        if self._is_done:
            return CallEnd.OK, ""
        if self._waiting:
            return CallEnd.TRANSIENT, self._waiting
        return CallEnd.NOTHING, "it ended without finishing its turn"


def _unwrap(message: str) -> tuple[str, str]:
    """Return the words and the kind of an error; the server's own comes as JSON in the message."""
    try:
        error = table(table(msgspec.json.decode(message)).get("error"))
    except (msgspec.DecodeError, RecursionError):
        return message, ""
    return words(error.get("message")) or message, words(error.get("type"))
