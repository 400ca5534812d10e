"""Several proposers: each begins its share of the rounds, the next one is asked when one cannot propose."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from kernel_opt.edges.agents.proposer import Proposer
from kernel_opt.edges.process import StopWish
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.proposal import Answer, Reply, Request, Task
from kernel_opt.rules.spending import add_usage


class ChainProposer:
    """Asks the first proposer that still has something to say; a mend is asked of whoever proposed.

    ``shares`` says in how many rounds of each turn a proposer is the first to be asked; without them they stand in
    order, and so do those whose share is 0, behind the others.
    """

    def __init__(self, links: Sequence[Proposer], shares: Sequence[int] = ()) -> None:
        self._links = links
        self._turn = [number for number, share in enumerate(shares) for _ in range(share)]
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
        spent, away = Usage(), list[Answer]()
        for number in self._order(request.round):
            link = self._links[number]
            self._last = number
            answer = link.work(request, on_tick)
            spent = add_usage(spent, answer.usage)
            if answer.reply in (Reply.OK, Reply.NOTHING):
                return replace(answer, usage=spent)
            if answer.reply is Reply.AWAY:
                away.append(answer)
            details.append(f"{link.name}: {answer.detail}")
        # Somebody is only away: worth a wait, as long as the first of them needs.
        waits = [one.retry_after_s for one in away]
        wait_s = min((wait for wait in waits if wait is not None), default=None)
        reply = Reply.AWAY if away else Reply.DRY
        return Answer(reply=reply, detail="; ".join(details), usage=spent, retry_after_s=wait_s)

    def _order(self, round_number: int) -> list[int]:
        """Return whom to ask in this round, one after the other."""
        numbers = list(range(len(self._links)))
        if len(set(self._turn)) < 2:  # nobody to take turns with
            return numbers
        first = self._turn[(round_number - 1) % len(self._turn)]
        return [first, *(number for number in numbers if number != first)]

    def _link_of(self, request: Request) -> Proposer:
        """Return who made the claim, also when another daemon asked for it."""
        claimed = request.facts.get("proposer")
        return next((link for link in self._links if link.name == claimed), self._links[self._last])
