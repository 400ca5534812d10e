"""One task of a coding agent: the call, and where it helps a second one; what came of it as an answer."""

from collections.abc import Callable
from dataclasses import replace as replaced
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.agents.call import STALLED, run_call
from kernel_opt.edges.agents.conversation import Conversation, note_call, open_conversation
from kernel_opt.edges.agents.events import read_events, read_last_words
from kernel_opt.edges.agents.follow_up import ask_again, ask_anew
from kernel_opt.edges.agents.found import Found
from kernel_opt.edges.agents.order import Dialect, Order
from kernel_opt.edges.agents.program import in_words
from kernel_opt.edges.agents.proposal_file import (
    NAME,
    TEXT_CAP_CHARS,
    find_json,
    parse_proposal,
    read_proposal,
    take_from_worktree,
)
from kernel_opt.edges.agents.told import CallEnd, Told
from kernel_opt.edges.agents.waits import find_asked_wait_s
from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.process import Ended, StopWish
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.hypothesis import Hypothesis, Usage
from kernel_opt.model.proposal import Answer, Reply, Request, Task
from kernel_opt.rules.spending import add_usage

_REPLIES = {
    CallEnd.AUTH: Reply.BARRED,
    CallEnd.TRANSIENT: Reply.AWAY,
    CallEnd.LIMIT: Reply.NOTHING,
    CallEnd.NOTHING: Reply.NOTHING,
}
OnTick = Callable[[], StopWish | None]


class Dialogue:
    """One task: a call, and where it helps a second one."""

    def __init__(
        self,
        agent: CodingAgent,
        limits: AgentSettings,
        dialect: Dialect,
        request: Request,
        on_tick: OnTick,
        found: Found,
    ) -> None:
        self._agent, self._limits, self._dialect = agent, limits, dialect
        self._request, self._on_tick = request, on_tick
        self._folder, self._tree = Path(request.folder), Path(request.worktree)
        self._home = Path(request.home or request.folder) / agent.name
        self._program, self._version = found.program or "", found.version or ()
        self._calls = 0
        self._refused: tuple[str, ...] = ()
        self._usage = Usage(agent=agent.name, version=in_words(self._version), model=agent.model)

    def carry_on(self) -> Answer:
        """Ask, and ask once more when what came is an edit without a readable claim."""
        known, private = open_conversation(self._home, self._request.round)
        is_ours = not (self._tree / NAME).exists()  # a file of that name in the repository is no proposal
        brief = Path(self._request.brief)
        is_cut = bool(known.session) and known.is_cut
        ended, told = self._call(ask_anew(self._folder, brief) if is_cut else brief, known, private)
        if known.session and not told.has_begun and told.end is CallEnd.NOTHING and ended.stopped_by is None:
            known = Conversation(round=known.round)  # what it was to go on with is gone: the brief stands alone
            ended, told = self._call(brief, known, private)
        answer = self._answer(ended, told, is_ours=is_ours)
        if answer.reply is not Reply.OK or answer.hypothesis is not None or self._request.task is not Task.PROPOSE:
            return answer
        return self._ask_again(answer.detail, private, is_ours=is_ours)

    def _ask_again(self, why: str, private: Path, *, is_ours: bool) -> Answer:
        known, _ = open_conversation(self._home, self._request.round)
        if known.session:
            answer = self._answer(*self._call(ask_again(self._folder, why), known, private), is_ours=is_ours)
            if answer.reply is not Reply.OK or answer.hypothesis is not None:
                return answer
            why = answer.detail
        return Answer(reply=Reply.NOTHING, detail=why, usage=self._usage)

    def _call(self, brief: Path, known: Conversation, private: Path) -> tuple[Ended, Told]:
        self._calls += 1
        log = self._folder / ("agent.log" if self._calls == 1 else f"agent-{self._calls}.log")
        order = Order(
            agent=self._agent,
            limits=self._limits,
            request=self._request,
            brief=brief,
            program=self._program,
            version=self._version,
            private=private,
            session=known.session,
            left_usd=self._request.left_usd,
        )
        ended, self._refused = run_call(self._dialect, order, log, self._on_tick)
        told = self._dialect.read(read_events(log))
        if not told.session and not told.has_begun and (said := read_last_words(log)):
            # It was not started as it wants to be: an argument it does not know, a user it does not run as.
            told = replaced(told, detail=f"{told.detail}: {said}" if told.detail else said)
        session, is_cut = told.session or known.session, told.has_begun and told.end is not CallEnd.OK
        own = note_call(self._home, known, session, told.usage, is_total=told.is_total, is_cut=is_cut)
        self._count(own, ended.wall_s)
        return ended, told

    def _count(self, own: Usage, wall_s: float) -> None:
        """Add a call to what the task has cost."""
        label = {"agent": self._usage.agent, "version": self._usage.version, "model": own.model or self._usage.model}
        self._usage = add_usage(self._usage, replace(own, wall_s=wall_s, **label))

    def _answer(self, ended: Ended, told: Told, *, is_ours: bool) -> Answer:
        """Say what came of a call."""
        if ended.stopped_by is not None and ended.stopped_by.reason != STALLED:
            return Answer(reply=Reply.NOTHING, detail=f"stopped: {ended.stopped_by.reason}", usage=self._usage)
        end, detail = told.end, told.detail
        if ended.timed_out or ended.stalled or ended.stopped_by is not None:
            # Also when it says that all is well: interrupted, some agents end with exit code 0 and a result.
            # One that was at work until its time was up has used it up; who was only silent by then is not known.
            is_known = not (ended.timed_out and told.is_mute and told.has_begun)
            end = CallEnd.TRANSIENT if end is CallEnd.TRANSIENT and is_known else CallEnd.LIMIT
            detail = f"{'it took too long' if ended.timed_out else STALLED} and was ended" + (detail and f": {detail}")
        if end is not CallEnd.OK:
            return self._refusal(end, detail or _ending(ended), find_asked_wait_s(told, datetime.now().astimezone()))
        if self._request.task is Task.COMMIT_MESSAGE:
            text = told.answer[:TEXT_CAP_CHARS].decode("utf-8", errors="replace")
            return Answer(reply=Reply.OK, text=text, usage=self._usage)
        hypothesis, why = self._claim(told.answer, is_ours=is_ours)
        return Answer(reply=Reply.OK, hypothesis=hypothesis, detail=why, usage=self._usage)

    def _refusal(self, end: CallEnd, detail: str, wait_s: float | None) -> Answer:
        if end is CallEnd.AUTH:
            names = " or ".join(self._agent.keys or self._dialect.keys)
            detail = f"{detail}; see that {names or 'its key'} holds a key that may use this model, then resume the run"
        if self._refused:
            detail += f' (agent.network = "api" has kept it from {", ".join(self._refused)})'
        detail = f"{self._agent.name}: {detail}"
        wait_s = wait_s if end is CallEnd.TRANSIENT else None
        return Answer(reply=_REPLIES[end], detail=detail, usage=self._usage, retry_after_s=wait_s)

    def _claim(self, answer: bytes, *, is_ours: bool) -> tuple[Hypothesis | None, str]:
        """Return the proposal of the final message or of the file, or why there is none."""
        path = self._folder / NAME
        if is_ours:
            take_from_worktree(self._tree / NAME, path)
        found = find_json(answer)
        try:
            if found is not None:
                hypothesis, _ = parse_proposal(found, "the last message")
                atomic_write(path, found)
            else:
                hypothesis, _ = read_proposal(path)
        except ReadFailedError as error:
            return None, error.message
        return replace(hypothesis, model=self._usage.model), ""


def _ending(ended: Ended) -> str:
    """Return how the program ended, where its events say nothing."""
    return f"it ended by signal {ended.signal}" if ended.signal else f"it ended with exit code {ended.exit_code}"
