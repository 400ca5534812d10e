"""A toy whose kernel has several lines that gain on their own: what rounds at once may keep one after the other."""

import json
from pathlib import Path

from kernel_opt.model.facts import Entry, Judged
from kernel_opt.model.round_facts import Dropped, Kept, Rebased
from tests.e2e.toy import Page, Toy, make_toy, writes
from tests.edges.toy_repository import user_git
from tests.fingerprint import fingerprint, objects

APART = "#\n#\n#\n#\n"
"""Lines between two others: git takes changes next to each other for one."""
BASE_US = {"small": 100.0, "large": 200.0}


def kernel(before: str = "", **us: float) -> str:
    """The kernel's source: each time stands on a line of its own, far from the others."""
    times = BASE_US | us
    lines = APART.join(f"{name.upper()} = {value}\n" for name, value in times.items())
    table = ", ".join(f"{name!r}: {name.upper()}" for name in times)
    return f"{lines}{APART}US = {{{table}}}\nERROR = 0\n{before}"


def gains(sentence: str, **us: float) -> Page:
    return writes(kernel(**us), sentence=sentence)


STORY_US = dict.fromkeys(("first", "second", "third", "fourth"), 100.0)
STORY = {
    "1:propose": gains("first", **STORY_US | {"first": 80.0}),
    "2:propose": gains("second", **STORY_US | {"second": 80.0}),
    "3:propose": gains("third", **STORY_US | {"third": 80.0}),
    "4:propose": writes(kernel(**STORY_US | {"fourth": 120.0}), sentence="regression"),
}
"""Three gains and a regression, each on a line of its own: the end is the same, whichever comes first."""
STORY_END = kernel(**STORY_US | {"first": 80.0, "second": 80.0, "third": 80.0})


def make(base: Path, book: dict[str, Page], lanes: int = 2, cards: int = 4, code: str = "") -> Toy:
    """A toy with this kernel, or such code, so many lanes, and so many quiet cards."""
    toy = make_toy(base, book)
    toy.config.write_text(f"lanes = {lanes}\n{toy.config.read_text()}")
    (toy.repository / "kernels" / "k.py").write_text(code or kernel())
    user_git(toy.repository, "commit", "--quiet", "--message=lines apart", "--", "kernels/k.py")
    toy.before.clear()
    toy.before.update(fingerprint(toy.repository))
    toy.objects_before |= objects(toy.repository)
    toy.cards.write_text(json.dumps([{}] * cards))
    toy.holding.unlink()
    return toy


def make_story(base: Path, lanes: int) -> Toy:
    """A toy with the story, and a card for each lane."""
    return make(base, STORY, lanes, lanes, kernel(**STORY_US))


def kept_rounds(toy: Toy) -> list[int]:
    return [entry.round for entry in toy.entries() if isinstance(entry.fact, Kept)]


def dropped(toy: Toy) -> dict[int, Dropped]:
    return {entry.round: entry.fact for entry in toy.entries() if isinstance(entry.fact, Dropped)}


def of_round(toy: Toy, number: int) -> list[Entry]:
    return [entry for entry in toy.entries() if entry.round == number]


def prove_rebased_was_judged_again(toy: Toy, number: int) -> None:
    """What was put on a newer best was judged on it before it was kept."""
    facts = [type(entry.fact) for entry in of_round(toy, number)]
    last = len(facts) - 1 - facts[::-1].index(Rebased)
    assert facts[last:].count(Judged) >= 2, facts  # as it is, and formatted
    assert facts.index(Kept) > last
