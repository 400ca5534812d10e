"""What every proposer must be able to do."""

from collections.abc import Callable
from typing import Protocol

from kernel_opt.edges.process import StopWish
from kernel_opt.model.proposal import Answer, Request


class Proposer(Protocol):
    """Turns a brief into an edit of the worktree and one hypothesis."""

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    def work(self, request: Request, on_tick: Callable[[], StopWish | None]) -> Answer:
        """Do one task; nothing that it started lives on when it returns."""
        ...

    def find_problem(self) -> str | None:
        """Say why it cannot be used on this machine, or None."""
        ...
