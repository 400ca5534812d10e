"""A night's book, round by round, and what is looked at when it is over: the ledger, the briefs."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel_opt.model.facts import DaemonStarted, Stopped
from kernel_opt.model.round_facts import Ending, Refused
from tests.agents.book import Page, claim
from tests.agents.running import KEY, endings, secrets_on_disk, told
from tests.e2e.toy import Toy

BRIEF_CAP_BYTES = 48_000
"""12,000 tokens of four bytes: what a brief may have."""
DEAD = (Ending.REGRESSION, Ending.WRONG, Ending.FAILED)


@dataclass(frozen=True)
class Round:
    """What the model does in one round, task by task, and how the round must end."""

    pages: Mapping[str, Mapping[str, Any]]
    endings: tuple[Ending, ...]
    """More than one where the machine's timing decides."""
    rules: tuple[str, ...] = ()
    """Rules that its edits break, in order."""

    @property
    def sentence(self) -> str | None:
        """What it claims in the end; None when it claims nothing."""
        says = (self.pages.get("propose:back") or self.pages["propose"])["says"]
        return says["hypothesis"].replace(KEY, "[secret]") if isinstance(says, dict) else None


def page(files: Mapping[str, str], sentence: str, trouble: str = "", **more: object) -> dict[str, Any]:
    """An edit with its claim."""
    return {"files": dict(files), "says": claim(sentence, **more), "trouble": trouble}


def tells(says: str, trouble: str = "") -> dict[str, Any]:
    """An answer without an edit."""
    return {"files": {}, "says": says, "trouble": trouble}


def book_of(rounds: Sequence[Round]) -> dict[str, Mapping[str, Any]]:
    return {f"{number}:{task}": one for number, each in enumerate(rounds, 1) for task, one in each.pages.items()}


def served(rounds: Sequence[Round]) -> dict[str, Page]:
    """The same book for the model server; the stand-in's troubles as a model has them."""
    return {key: _served(one) for key, one in book_of(rounds).items()}


def _served(one: Mapping[str, Any]) -> Page:
    always = 400 if one["trouble"] == "too-long" else 0
    says = "{]" if one["trouble"] == "silent-junk" else one["says"]
    return Page(files=dict(one["files"]), says=says, always=always)


def prove_night(toy: Toy, rounds: Sequence[Round], *, is_real: bool = False) -> None:
    """Each round ended as it must, the ledger says so, the briefs stayed short, and no key is on the disk.

    A real agent's own walls may keep it from an edit that ours would refuse.
    """
    found = endings(toy)
    assert len(found) == len(rounds), told(toy)
    unlike = [(number, one) for number, (one, each) in enumerate(zip(found, rounds, strict=True), 1)
              if one not in each.endings and not (is_real and each.rules and one is Ending.GAVE_NOTHING)]  # fmt: skip
    assert not unlike, (unlike, told(toy))
    rules = [rule for each in rounds for rule in each.rules]
    assert is_real or [fact.rule for fact in toy.facts(Refused)] == rules, told(toy)
    assert toy.facts(Stopped)[-1].code == "max-rounds"
    assert len(toy.facts(DaemonStarted)) == 1, "nobody had to help"
    prove_ledger(toy, rounds, found)
    assert max(map(len, briefs(toy))) <= BRIEF_CAP_BYTES
    told_by_us = str(toy.base / "book.json")
    assert set(secrets_on_disk(toy.base)) <= {told_by_us}


def prove_ledger(toy: Toy, rounds: Sequence[Round], found: Sequence[Ending]) -> None:
    """Each round is known by its sentence and its end; what failed before stands in the last brief."""
    ideas = dict(toy.state().ideas)
    for each, ending in zip(rounds, found, strict=True):
        if each.sentence is not None and ending is not Ending.GAVE_NOTHING:
            assert ideas[each.sentence] is ending, each.sentence
    with (toy.folder / "results.tsv").open() as table:
        statuses = [row["status"] for row in csv.DictReader(table, delimiter="\t")]
    assert statuses.count("keep") == found.count(Ending.KEPT) + 1, "the baseline's row among them"
    brief = max((toy.folder / "rounds").glob("*/propose-*/brief.md")).read_text()
    earlier = {each.sentence for each in rounds[:-1]}
    missing = [said for said, end in ideas.items() if end in DEAD and said in earlier and said not in brief]
    assert not missing, missing


def briefs(toy: Toy) -> list[bytes]:
    """Every brief of the run, the oldest first."""
    return [path.read_bytes() for path in sorted((toy.folder / "rounds").glob("*/*/brief.md"))]
