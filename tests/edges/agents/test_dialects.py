"""What each agent's stream of events says: rows as the programs wrote them, cut down to what decides."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kernel_opt.edges.agents.acp import Acp
from kernel_opt.edges.agents.claude import Claude
from kernel_opt.edges.agents.codex import Codex
from kernel_opt.edges.agents.events import (
    LINE_CAP_BYTES,
    Event,
    EventTail,
    count,
    money,
    read_events,
    read_last_words,
    words,
)
from kernel_opt.edges.agents.order import Order
from kernel_opt.edges.agents.told import CallEnd, classify_status, classify_words
from kernel_opt.edges.agents.walls import find_packages, show_agent
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.proposal import Request, Task
from kernel_opt.model.sandbox import Access, Sandbox, SandboxLevel

INIT = {"type": "system", "subtype": "init", "session_id": "s1", "model": "claude-x"}
SPOKE = {
    "type": "assistant",
    "message": {"id": "m1", "model": "claude-x", "usage": {"input_tokens": 7, "output_tokens": 2}},
}
SYNTHETIC = {"type": "assistant", "message": {"id": "m2", "model": "<synthetic>", "usage": {"input_tokens": 0}}}
RETRY = {"type": "system", "subtype": "api_retry", "attempt": 1, "error_status": 529, "error": "overloaded"}


def result(**more: object) -> Event:
    """The last event of Claude Code; "success" is its word for most failures, too."""
    models = {"claude-x": {"inputTokens": 10, "cacheReadInputTokens": 5, "outputTokens": 3}}
    plain = {"type": "result", "subtype": "success", "is_error": False, "result": "done", "num_turns": 2}
    return {**plain, "total_cost_usd": 0.25, "modelUsage": models, **more}


def failed(status: object, said: str, **more: object) -> Event:
    plain = {"terminal_reason": "api_error", "api_error_status": status, "result": said}
    return result(is_error=True, **{**plain, **more})


@pytest.mark.parametrize(
    ("events", "end", "detail"),
    [
        ([INIT, SPOKE, result()], CallEnd.OK, ""),
        ([INIT, failed(401, "Failed to authenticate")], CallEnd.AUTH, "Failed to authenticate"),
        ([INIT, failed(403, "no")], CallEnd.AUTH, "no"),
        ([INIT, failed(404, "model: x")], CallEnd.AUTH, "model: x"),
        ([INIT, failed(None, "Not logged in · Please run /login")], CallEnd.AUTH, "Not logged in"),
        ([INIT, failed(400, "Your credit balance is too low")], CallEnd.AUTH, "credit balance"),
        ([INIT, failed(429, "Request rejected (429)")], CallEnd.TRANSIENT, "429"),
        ([INIT, failed(529, "overloaded")], CallEnd.TRANSIENT, "overloaded"),
        ([INIT, failed(None, "API Error: ECONNREFUSED")], CallEnd.TRANSIENT, "ECONNREFUSED"),
        ([INIT, failed(400, "Prompt is too long", terminal_reason="prompt_too_long")], CallEnd.NOTHING, "too long"),
        ([INIT, result(subtype="error_max_turns", is_error=True)], CallEnd.LIMIT, "used up its turns"),
        ([INIT, result(subtype="error_max_budget_usd", is_error=True)], CallEnd.LIMIT, "used up its money"),
        ([INIT, result(subtype="error_during_execution", is_error=True, result="")], CallEnd.NOTHING, "error_during"),
        ([INIT, SPOKE, result(subtype="odd", is_error=None, result=None, errors=["a", "b"])], CallEnd.NOTHING, "a; b"),
        ([INIT, SPOKE], CallEnd.NOTHING, "without a result"),
        ([INIT, SPOKE, RETRY], CallEnd.TRANSIENT, "overloaded"),
        ([INIT, RETRY, SPOKE], CallEnd.NOTHING, "without a result"),
        ([], CallEnd.NOTHING, "without a result"),
    ],
)  # fmt: skip
def test_claude_code(events: list[Event], end: CallEnd, detail: str) -> None:
    """Neither its exit code nor its "success" is asked for."""
    told = Claude().read(events)
    assert told.end is end
    assert detail in told.detail


def test_what_claude_code_used() -> None:
    """Of the whole conversation where it ended in order, else what was heard of; a made-up message is no model's."""
    told = Claude().read([INIT, SPOKE, result(structured_output={"hypothesis": "x"})])
    assert told.usage == Usage(input_tokens=15, output_tokens=3, cost_usd=0.25, model="claude-x")
    assert (told.session, told.is_total, told.has_begun, told.answer) == ("s1", True, True, b'{"hypothesis": "x"}')
    cut = Claude().read([INIT, SPOKE, SPOKE, SYNTHETIC])
    assert cut.usage == Usage(input_tokens=7, output_tokens=2, cost_usd=None, model="claude-x")
    assert (cut.is_total, cut.has_begun) == (False, True)
    assert not Claude().read([INIT, SYNTHETIC]).has_begun
    assert Claude().is_progress(SPOKE)
    assert not Claude().is_progress(RETRY)


def test_how_long_claude_code_is_to_wait() -> None:
    """As a number where it was told one, as a time for a limit that is used up; not of one that is merely near."""
    asked = Claude().read([INIT, {**RETRY, "retry_delay_ms": 7471}, failed(429, "Request rejected (429)")])
    assert (asked.retry_after_s, asked.resets_at_s) == (7.471, None)
    limit = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": 1_800_000_000}}
    assert Claude().read([INIT, limit, failed(429, "limit")]).resets_at_s == 1_800_000_000
    near = {**limit, "rate_limit_info": {"status": "allowed_warning", "resetsAt": 1_800_000_000}}
    assert Claude().read([INIT, near, result()]).resets_at_s is None
    odd = [{**RETRY, "retry_delay_ms": value} for value in (0, -1, True, "7", None)]
    assert Claude().read([INIT, *odd]).retry_after_s is None


THREAD = {"type": "thread.started", "thread_id": "t1"}
WARNING = {"type": "item.completed", "item": {"type": "error", "message": "Model metadata not found"}}
TURN = {"type": "turn.started"}
MESSAGE = {"type": "item.completed", "item": {"type": "agent_message", "text": "the answer"}}
COMMAND = {"type": "item.started", "item": {"type": "command_execution", "command": "ls"}}
DONE = {"type": "turn.completed", "usage": {"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2}}
WAITING = {"type": "error", "message": "Reconnecting... waiting for network (Connection failed)"}


def turn_failed(said: str) -> Event:
    return {"type": "turn.failed", "error": {"message": said}}


@pytest.mark.parametrize(
    ("events", "end", "detail"),
    [
        ([THREAD, WARNING, TURN, COMMAND, MESSAGE, DONE], CallEnd.OK, ""),
        ([THREAD, TURN, turn_failed("unexpected status 401 Unauthorized: no")], CallEnd.AUTH, "401"),
        ([THREAD, TURN, turn_failed("Missing environment variable: `K`.")], CallEnd.AUTH, "Missing"),
        ([THREAD, TURN, turn_failed("exceeded retry limit, last status: 429 Too Many")], CallEnd.TRANSIENT, "429"),
        ([THREAD, TURN, turn_failed("We’re currently experiencing high demand")], CallEnd.TRANSIENT, "high demand"),
        ([THREAD, TURN, turn_failed("what nobody has ever seen")], CallEnd.TRANSIENT, "ever seen"),
        ([THREAD, TURN, turn_failed(json.dumps({"error": {"type": "invalid_request_error", "message": "too long"}}))],
         CallEnd.NOTHING, "too long"),
        ([THREAD, TURN, turn_failed(json.dumps({"error": {"type": "authentication_error", "message": "no"}}))],
         CallEnd.AUTH, "no"),
        ([THREAD, TURN, {"type": "turn.failed"}], CallEnd.TRANSIENT, "gave no reason"),
        ([THREAD, TURN, WAITING, WAITING], CallEnd.TRANSIENT, "waiting for network"),
        ([THREAD, TURN, WAITING, COMMAND], CallEnd.NOTHING, "without finishing"),
        ([THREAD, WARNING], CallEnd.NOTHING, "without finishing"),
        ([], CallEnd.NOTHING, "without finishing"),
    ],
)  # fmt: skip
def test_codex(events: list[Event], end: CallEnd, detail: str) -> None:
    """An item that says "error" may be a warning; a server that cannot be reached is waited for without an end."""
    told = Codex().read(events)
    assert told.end is end
    assert detail in told.detail


def test_what_codex_used() -> None:
    """Of the whole thread; it knows no prices."""
    told = Codex().read([THREAD, TURN, MESSAGE, DONE])
    assert (told.usage, told.is_total) == (Usage(input_tokens=9, output_tokens=2), True)
    assert (told.session, told.answer, told.has_begun) == ("t1", b"the answer", True)
    assert Codex().read([THREAD, WARNING]).has_begun is False
    assert Codex().read([THREAD, MESSAGE]).usage == Usage()
    assert Codex().is_progress(COMMAND)
    assert not Codex().is_progress(WAITING)


BEGIN = {"type": "begin", "session": "a1", "can_load": True}


def update(kind: str, **more: object) -> Event:
    return {
        "type": "acp",
        "message": {"method": "session/update", "params": {"update": {"sessionUpdate": kind, **more}}},
    }


def chunk(text: str) -> Event:
    return update("agent_message_chunk", content={"type": "text", "text": text})


def asks_leave(tool: str) -> Event:
    call = {"toolCallId": tool, "status": "pending"}
    return {"type": "acp", "message": {"method": "session/request_permission", "params": {"toolCall": call}}}


def ends_tool(tool: str) -> Event:
    return update("tool_call_update", toolCallId=tool, status="completed")


def ended(**more: object) -> Event:
    return {"type": "end", "stage": "prompt", "error": None, "result": None, **more}


@pytest.mark.parametrize(
    ("events", "end", "detail"),
    [
        ([BEGIN, chunk("x"), ended(result={"stopReason": "end_turn"})], CallEnd.OK, ""),
        ([BEGIN, ended(result={"stopReason": "max_tokens"})], CallEnd.LIMIT, "used up its tokens"),
        ([BEGIN, ended(result={"stopReason": "max_turn_requests"})], CallEnd.LIMIT, "used up its turns"),
        ([BEGIN, ended(result={"stopReason": "refusal"})], CallEnd.NOTHING, "refusal"),
        ([BEGIN, ended(error={"message": "Unauthorized", "code": -32000})], CallEnd.AUTH, "Unauthorized"),
        ([BEGIN, ended(error={"message": "Internal", "data": {"details": "status 429"}})], CallEnd.TRANSIENT, "429"),
        ([BEGIN, ended(error={"message": "odd"})], CallEnd.TRANSIENT, "odd"),
        ([ended(stage="initialize", error={"message": "odd"})], CallEnd.AUTH, "odd"),
        ([BEGIN, ended(stage="gone", error={"message": "the agent ended"})], CallEnd.NOTHING, "the agent ended"),
        ([BEGIN, ended(error={"message": "odd", "code": 429})], CallEnd.TRANSIENT, "odd"),
        ([BEGIN, ended(error={"message": "odd", "code": 403})], CallEnd.AUTH, "odd"),
        ([BEGIN, ended(error={"message": "prompt too long", "code": 400})], CallEnd.NOTHING, "too long"),
        ([BEGIN, ended(error={"message": "API key not valid", "code": 400})], CallEnd.AUTH, "not valid"),
        ([BEGIN, chunk("x")], CallEnd.TRANSIENT, "has not answered"),
        ([BEGIN, update("tool_call")], CallEnd.NOTHING, "without finishing"),
        ([BEGIN, asks_leave("t")], CallEnd.NOTHING, "without finishing"),
        ([BEGIN, asks_leave("t"), ends_tool("t"), chunk("x")], CallEnd.TRANSIENT, "has not answered"),
        ([BEGIN, asks_leave("t"), asks_leave("u"), ends_tool("t")], CallEnd.NOTHING, "without finishing"),
        ([BEGIN, asks_leave("t"), chunk("never mind")], CallEnd.TRANSIENT, "has not answered"),
        ([ended(stage="interrupted", error={"message": "interrupted"})], CallEnd.TRANSIENT, "has not answered"),
        ([BEGIN, update("available_commands_update")], CallEnd.TRANSIENT, "has not answered"),
        ([BEGIN, chunk("x"), update("tool_call_update", status="completed")], CallEnd.TRANSIENT, "has not answered"),
        ([], CallEnd.NOTHING, "without finishing"),
    ],
)  # fmt: skip
def test_the_common_protocol(events: list[Event], end: CallEnd, detail: str) -> None:
    """By the reason it gives for having stopped, or by its error; silent with no tool at work, it awaits its model."""
    told = Acp().read(events)
    assert told.end is end
    assert detail in told.detail


def test_the_last_word_in_the_common_protocol() -> None:
    """What was said after the last tool; an old conversation that is told again is none of it."""
    events = [chunk("old"), BEGIN, chunk("let me see"), update("tool_call"), chunk("the "), chunk("answer")]
    plain = Acp().read(
        [*events, ended(result={"stopReason": "end_turn", "usage": {"inputTokens": 5, "outputTokens": 1}})]
    )
    assert (plain.answer, plain.session, plain.has_begun) == (b"the answer", "a1", True)
    assert plain.usage == Usage(input_tokens=5, output_tokens=1)
    quota = {"_meta": {"quota": {"token_count": {"input_tokens": 6, "output_tokens": 2}}}, "stopReason": "end_turn"}
    paid = update("usage_update", cost={"amount": 0.5})
    assert Acp().read([BEGIN, paid, ended(result=quota)]).usage == Usage(input_tokens=6, output_tokens=2, cost_usd=0.5)
    assert Acp().read([{**BEGIN, "can_load": False}]).session == ""
    assert Acp().is_progress(chunk("x"))
    assert not Acp().read([BEGIN, update("available_commands_update")]).has_begun


@pytest.mark.parametrize(
    ("status", "end"),
    [(None, CallEnd.TRANSIENT), (408, CallEnd.TRANSIENT), (429, CallEnd.TRANSIENT), (500, CallEnd.TRANSIENT),
     (529, CallEnd.TRANSIENT), (401, CallEnd.AUTH), (402, CallEnd.AUTH), (403, CallEnd.AUTH), (404, CallEnd.AUTH),
     (400, CallEnd.NOTHING), (413, CallEnd.NOTHING)],
)  # fmt: skip
def test_statuses(status: int | None, end: CallEnd) -> None:
    """A server that was not reached is an outage."""
    assert classify_status(status) is end


def test_words_nobody_knows_decide_nothing() -> None:
    """Whoever asks has its own default."""
    assert classify_words("what is this") is None
    assert classify_words("API Error: 503 busy") is CallEnd.TRANSIENT


ODD: tuple[object, ...] = (None, True, 3, -1.5, "", "x", [], [1], ["a"], {}, {"type": 1}, {"message": []})
NAMES = (
    "type", "subtype", "message", "usage", "result", "item", "error", "errors", "modelUsage", "api_error_status",
    "params", "update", "session_id", "is_error", "content", "cost", "structured_output", "stopReason", "id",
    "rate_limit_info", "status", "resetsAt", "retry_delay_ms",
)  # fmt: skip
KINDS = (
    "system", "assistant", "result", "init", "api_retry", "success", "thread.started", "item.completed", "turn.failed",
    "turn.completed", "error", "begin", "end", "acp", "agent_message", "rate_limit_event", "rejected",
)  # fmt: skip
VALUES = st.sampled_from(KINDS) | st.sampled_from(ODD)
TABLES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
EVENTS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES | TABLES, max_size=5), max_size=4)


@given(EVENTS)
def test_any_events_have_an_end(events: list[Event]) -> None:
    """Whatever stands where: it is classified, and never a traceback."""
    for dialect in (Claude(), Codex(), Acp()):
        assert isinstance(dialect.read(events).end, CallEnd)
        assert all(dialect.is_progress(event) in (True, False) for event in events)


def write_log(path: Path, lines: Iterable[bytes]) -> Path:
    path.write_bytes(b"".join(lines))
    return path


def test_a_log_is_read_with_bounds(tmp_path: Path) -> None:
    """Other lines, cut ones, huge ones and deep ones are passed over; without a log there are no events."""
    huge = b'{"a": "' + b"x" * (LINE_CAP_BYTES + 10) + b'"}\n'
    lines = [b'{"a": 1}\n', b"Segmentation fault\n", b"[1]\n", huge, b"{" * 3000 + b"\n", b'{"b": \xff}\n', b'{"c": 2}']
    assert list(read_events(write_log(tmp_path / "log", lines))) == [{"a": 1}, {"c": 2}]
    assert list(read_events(tmp_path / "none")) == []


def test_the_last_words_of_a_log(tmp_path: Path) -> None:
    """The last line that is no event: why a program did not start as it should."""
    assert read_last_words(tmp_path / "none") == ""
    log = write_log(tmp_path / "log", [b"x" * 9000, b"\n error: unknown  option '--x'\n\n", b'{"a": 1}\n', b"\n"])
    assert read_last_words(log) == "error: unknown option '--x'"
    assert read_last_words(write_log(tmp_path / "log", [b'{"a": 1}\n'])) == ""


def test_a_log_is_followed(tmp_path: Path) -> None:
    """An event counts once it is whole; one that only speaks of waiting does not."""
    tail = EventTail(tmp_path / "log", lambda event: "x" in event)
    assert not tail.has_progressed()
    with (tmp_path / "log").open("ab", buffering=0) as log:
        log.write(b'{"x":')
        assert not tail.has_progressed()
        log.write(b" 1}\n")
        assert tail.has_progressed()
        log.write(b'{"y": 1}\nwords\n')
        assert not tail.has_progressed()


def test_odd_errors_are_no_traceback() -> None:
    """A list that is none."""
    assert Claude().read([result(is_error=True, result=None, errors=3)]).end is CallEnd.NOTHING


def test_foreign_values_are_bounded() -> None:
    """Texts are one line, counts and amounts are possible ones."""
    assert words("a\n b" * 1000) == ("a b" * 1000)[:600]
    assert words(3) == ""
    assert [count(one) for one in (5, -1, True, "5", 10**15)] == [5, 0, 0, 0, 0]
    assert [money(one) for one in (1, 0.5, -1, True, None, float("nan"))] == [1.0, 0.5, None, None, None, None]


def order(tmp_path: Path, task: Task = Task.PROPOSE, **more: object) -> Order:
    request = Request(
        task=task, round=1, brief="b", worktree="/tree", folder="/f", facts={"protected": ["tests/**"]}, **more
    )  # fmt: skip
    agent = CodingAgent(name="a", kind="codex", program="sh", model="m1", arguments=("--more",))
    return Order(
        agent=agent, limits=AgentSettings(max_turns=0), request=request, brief=tmp_path / "b", program="/bin/p",
        version=(99, 0, 0), private=tmp_path, session="old" if task is Task.REPAIR else "",
    )  # fmt: skip


def test_command_lines(tmp_path: Path) -> None:
    """The same conversation for a mend, the model and the user's own arguments for both, a schema for a proposal."""
    first, mend = Codex().argv(order(tmp_path)), Codex().argv(order(tmp_path, Task.REPAIR))
    assert first[:3] == ["/bin/p", "exec", "--json"]
    assert mend[:4] == ["/bin/p", "exec", "resume", "old"]
    assert ("--output-schema" in first, "--output-schema" in mend) == (True, False)
    for argv in (first, mend):
        assert argv[-2:] == ["--more", "-"]
        assert argv[argv.index("--model") + 1] == "m1"
    asked = Claude().argv(order(tmp_path))
    again = Claude().argv(order(tmp_path, Task.REPAIR))
    assert "--session-id" in asked
    assert again[again.index("--resume") + 1] == "old"
    assert asked[asked.index("--setting-sources") + 1] == ""
    assert "--strict-mcp-config" in asked
    assert "--max-turns" not in asked
    assert '"deny": ["Edit(./tests/**)"]' in asked[asked.index("--settings") + 1]


def test_codex_holds_what_it_runs_where_we_do_not(tmp_path: Path) -> None:
    """Its sandbox cannot stand inside ours."""
    for walls, mode in (
        (None, "workspace-write"),
        (Sandbox(level=SandboxLevel.S1), "workspace-write"),
        (Sandbox(level=SandboxLevel.S3), "danger-full-access"),
    ):
        Codex().prepare(order(tmp_path, sandbox=walls))
        assert f'sandbox_mode = "{mode}"' in (tmp_path / "codex" / "config.toml").read_text()


def test_the_walls_show_an_agents_package(tmp_path: Path) -> None:
    """The outermost folder of packages: the program starts others from there."""
    program = tmp_path / "node_modules" / ".bin" / "gemini"
    true = tmp_path / "node_modules" / "@google" / "cli" / "node_modules" / "x" / "gemini.js"
    for path in (program, true):
        path.parent.mkdir(parents=True)
    true.write_text("")
    program.symlink_to(true)
    assert set(find_packages(str(program))) == {str(tmp_path / "node_modules")}
    assert find_packages("/usr/bin/env") == []
    walls = show_agent(Sandbox(level=SandboxLevel.S3), str(program))
    assert walls is not None
    assert (str(tmp_path / "node_modules"), Access.READ) in {(place.path, place.access) for place in walls.places}
    assert show_agent(None, str(program)) is None


def test_skills_are_shown_without_touching_the_worktree(tmp_path: Path) -> None:
    """As a plugin that may be read, as links in a private home; without any, nothing is said of them."""
    shown = tmp_path / "run" / "skills"
    (shown / "skills" / "lds").mkdir(parents=True)
    plain = order(tmp_path)
    with_skills = replace(plain, request=structs.replace(plain.request, skills=str(shown)))
    argv = Claude().argv(with_skills)
    assert argv[argv.index("--plugin-dir") + 1] == str(shown)
    assert argv[argv.index("--allowedTools") + 1] == f"Skill(kernel-opt:*),Read(/{shown}/**)"
    for _ in range(2):
        Codex().prepare(with_skills)
    assert (tmp_path / "codex" / "skills" / "lds").readlink() == shown / "skills" / "lds"
    assert "--plugin-dir" not in Claude().argv(plain)
    (tmp_path / "other").mkdir()
    Codex().prepare(replace(plain, private=tmp_path / "other"))
    assert not (tmp_path / "other" / "codex" / "skills").exists()
