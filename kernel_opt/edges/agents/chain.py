"""Several proposers in order: the next one is asked when one has no idea left or cannot be used."""

from collections.abc import Callable, Sequence

from kernel_opt.edges.agents.proposer import Proposer
from kernel_opt.edges.process import StopWish
from kernel_opt.model.proposal import Answer, Reply, Request, Task


class ChainProposer:
    """Asks the first proposer that still has something to say; a mend is asked of whoever proposed."""

    def __init__(self, links: Sequence[Proposer]) -> None:
        self._links = links
        self._last = 0

    @property
    def name(self) -> str:
        """The proposer that spoke last."""
        return self._links[self._last].name

    def find_problem(self) -> str | None:
        """Say why none of them can be used, or None."""
        problems = [link.find_problem() for link in self._links]
        return None if None in problems else "; ".join(str(problem) for problem in problems)

    def work(self, request: Request, on_tick: Callable[[], StopWish | None]) -> Answer:
        """Do one task."""
        if request.task is not Task.PROPOSE:
            return self._link_of(request).work(request, on_tick)
        details: list[str] = []
        for number, link in enumerate(self._links):
            self._last = number
            answer = link.work(request, on_tick)
            if answer.reply not in (Reply.DRY, Reply.BARRED):
                return answer
            details.append(f"{link.name}: {answer.detail}")
        return Answer(reply=Reply.DRY, detail="; ".join(details))

    def _link_of(self, request: Request) -> Proposer:
        """Return who made the claim, also when another daemon asked for it."""
        claimed = request.facts.get("proposer")
        return next((link for link in self._links if link.name == claimed), self._links[self._last])
