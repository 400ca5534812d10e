"""What goes wrong in a step is told as a fact: never a traceback, never a bad kernel."""

import csv
import errno
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from kernel_opt.journal.ballast import DiskFullError
from kernel_opt.model import steps as s
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from kernel_opt.model.facts import Faulted, StopPlanned
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Weighed
from kernel_opt.model.state import Tally
from kernel_opt.round.perform import ACTS, Hands
from kernel_opt.rules.answers import fits
from tests.fakes import at_every_stage, hypothesis
from tests.round.toolbox import Box


@dataclass
class Notes:
    """A log that keeps what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)
    fields: list[dict[str, object]] = field(default_factory=list)

    def info(self, event: str, **fields: object) -> None:
        self._note("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._note("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._note("error", event, fields)

    def _note(self, level: str, event: str, fields: dict[str, object]) -> None:
        self.told.append((level, event))
        self.fields.append(fields)


DROP = s.Drop(ending=Ending.TIE, why="tie")


def raising(error: BaseException) -> Callable[..., typing.NoReturn]:
    def act(*_: object) -> typing.NoReturn:
        raise error

    return act


def test_every_step_has_its_act() -> None:
    """All but the last, which is nothing to do."""
    assert set(ACTS) == set(typing.get_args(s.Step)) - {s.Close}


def test_a_step_is_done_and_told(box: Box) -> None:
    """The log says which; the fact is the act's."""
    notes = Notes()
    assert Hands(box.tools, notes).perform(s.PlanStop("enough", "asked"), box.state()) == StopPlanned(
        reason="enough", code="asked"
    )
    assert (notes.told, notes.fields) == ([("info", "step")], [{"step": "PlanStop", "round": 1}])
    rooted = Hands(box.tools, notes).perform(DROP, box.state())
    assert fits(DROP, rooted)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (DiskFullError("disk full: /state", "free some"), "disk-full", "disk full: /state; free some"),
        (InfrastructureError("git hangs", "look"), "edge", "Drop: git hangs; look"),
        (ReadFailedError("x is gone"), "edge", "Drop: x is gone"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full", "Drop: [Errno 28] No space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk-full", "Drop: [Errno 122] Disk quota"),
        (PermissionError(errno.EACCES, "denied", "/x"), "system", "Drop: [Errno 13] denied"),
    ],
)
def test_the_machines_failures_are_faults(
    box: Box, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, said: str
) -> None:
    """By kind, with the step and the reason."""
    monkeypatch.setitem(ACTS, s.Drop, raising(error))
    fact = Hands(box.tools, Notes()).perform(DROP, box.state())
    assert isinstance(fact, Faulted)
    assert fact.kind == kind
    assert fact.why.startswith(said)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"), IndexError("x"), TypeError("x"), ValueError("x"), ZeroDivisionError("x"), AssertionError("x"),
        RecursionError("x"), UnicodeDecodeError("utf-8", b"", 0, 1, "x"), re.error("x"), csv.Error("x"),
        EOFError("x"), MemoryError("x"), NameError("x"), StopIteration("x"),
    ],
)  # fmt: skip
def test_a_mistake_of_ours_costs_no_night(box: Box, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """It is logged whole and becomes a fault, which closes the round after some tries."""
    monkeypatch.setitem(ACTS, s.Drop, raising(error))
    notes = Notes()
    fact = Hands(box.tools, notes).perform(DROP, box.state())
    assert isinstance(fact, Faulted)
    assert fact.kind == "defect"
    assert type(error).__name__ in fact.why
    assert notes.told[-1] == ("error", "defect")
    assert "Traceback" in str(notes.fields[-1]["trace"])


def test_the_end_of_the_process_is_not_held_up(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt is nobody's fault and goes through."""
    monkeypatch.setitem(ACTS, s.Drop, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        Hands(box.tools, Notes()).perform(DROP, box.state())


def test_folders_are_fresh_and_named_below_the_state(box: Box) -> None:
    """An attempt cut off by a crash is never used again."""
    first, second = (box.tools.fresh_folder(2, "bench") for _ in range(2))
    assert [box.tools.relative(folder) for folder in (first, second)] == ["rounds/0002/bench-1", "rounds/0002/bench-2"]
    assert not list(second.iterdir())
    assert box.tools.round_folder(2) == first.parent


def test_what_a_person_should_look_at_is_told_loudly(box: Box) -> None:
    """The third refusal of one proposer in a row, and a best that did not hold; a first refusal is a slip."""
    notes = Notes()
    hands, drop = Hands(box.tools, notes), s.Drop(Ending.REFUSED, "poison: call 1 is wrong")
    for refusals in range(3):
        refused = (("codex", refusals), ("claude", 1))
        stage = replace(at_every_stage()[Weighed].stage, hypothesis=replace(hypothesis(), proposer="codex"))
        hands.perform(drop, box.state(stage=stage, tally=Tally(refused=refused)))
    hands.perform(s.Seal("rollback", box.base), box.state())
    loud = [
        (event, fields) for (level, event), fields in zip(notes.told, notes.fields, strict=True) if level == "error"
    ]
    assert loud == [
        ("refused again", {"proposer": "codex", "in_a_row": 3, "why": "poison: call 1 is wrong"}),
        ("best did not hold", {"back_to": box.base[:12]}),
    ]
