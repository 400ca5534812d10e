"""A coding agent as proposer: called with the brief, its stream of events believed only as far as it is checked."""

from pathlib import Path

from kernel_opt.edges.agents.call import BRIEF_CAP_BYTES
from kernel_opt.edges.agents.dialogue import Dialogue, OnTick
from kernel_opt.edges.agents.found import look_for
from kernel_opt.edges.agents.order import Dialect
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.proposal import Answer, Reply, Request


class CodingProposer:
    """Calls one coding agent."""

    def __init__(self, agent: CodingAgent, limits: AgentSettings, dialect: Dialect) -> None:
        self._agent, self._limits, self._dialect = agent, limits, dialect

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self._agent.name

    def find_problem(self) -> str | None:
        """Say why it cannot be used on this machine, or None."""
        return look_for(self._agent, self._dialect).problem

    def work(self, request: Request, on_tick: OnTick) -> Answer:
        """Do one task; nothing that it started lives on when it returns."""
        size = Path(request.brief).stat().st_size
        if size > BRIEF_CAP_BYTES:
            return Answer(reply=Reply.NOTHING, detail=f"the brief has {size} bytes, over {BRIEF_CAP_BYTES}: not asked")
        found = look_for(self._agent, self._dialect)
        if found.problem is not None:
            return Answer(reply=Reply.BARRED, detail=f"{self.name}: {found.problem}")
        return Dialogue(self._agent, self._limits, self._dialect, request, on_tick, found).carry_on()
