"""Mutants of the product: each breaks one promise on purpose, and the suite must notice every one."""

import atexit
from collections.abc import Callable

from kernel_opt.edges import git_refs
from kernel_opt.journal import database, store
from kernel_opt.journal.book import Record
from kernel_opt.model.facts import Fact
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Publish, Step
from kernel_opt.round import perform, settle


def leave_as_is() -> None:
    """The product itself."""


def acknowledge_early() -> None:
    """A record is acknowledged when it is taken, and written with the next one."""
    append = store.Store.append
    waiting: list[tuple[Record, bytes | None]] = []

    def append_late(self: store.Store, record: Record, summary: bytes | None = None) -> int:
        waiting.append((record, summary))
        if len(waiting) > 1:
            append(self, *waiting.pop(0))
        return self._last_seq + len(waiting)

    store.Store.append = append_late


def record_before_doing() -> None:
    """The fact of a publish is told first; branch and best move just before the next step, or at the very end."""
    publish, act = settle.publish, perform.Hands.perform
    due: list[tuple[Publish, RunState, object]] = []

    def tell_only(step: Publish, state: RunState, tools: object) -> Fact:
        due.append((step, state, tools))
        move, back, move_best = settle.advance_branch, settle.put_back, settle.move_ref
        settle.advance_branch = settle.put_back = settle.move_ref = lambda *_: None
        try:
            return publish(step, state, tools)
        finally:
            settle.advance_branch, settle.put_back, settle.move_ref = move, back, move_best

    def do_what_is_due() -> None:
        while due:
            publish(*due.pop())

    def act_late(self: perform.Hands, step: Step, state: RunState) -> Fact:
        do_what_is_due()
        return act(self, step, state)

    perform.ACTS[Publish] = tell_only
    perform.Hands.perform = act_late
    atexit.register(do_what_is_due)


def move_without_looking() -> None:
    """Refs are set, whatever stands there."""

    def set_ref(repository: object, ref: str, new: str, _old: str | None) -> tuple[str | None, str]:
        answer = repository.git.ask("update-ref", "--no-deref", "--create-reflog", "-m", "kernel-opt", ref, new)
        return new, answer.err

    git_refs._compare_and_swap = set_ref


def write_without_sync() -> None:
    """The database leaves it to the system when the disk is written."""
    connect = database.connect

    def connect_lazily(directory: object) -> object:
        db = connect(directory)
        db.execute("PRAGMA synchronous=OFF")
        return db

    store.connect = connect_lazily


MUTANTS: dict[str, Callable[[], None]] = {
    "none": leave_as_is,
    "early-acknowledgement": acknowledge_early,
    "fact-before-effect": record_before_doing,
    "no-compare-and-swap": move_without_looking,
    "no-sync": write_without_sync,
}
