"""Canned journals that every view is shown: one of each kind of run there is, and runs full of text that harms."""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.places import RunPlace
from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.edit import Edit
from kernel_opt.model.hypothesis import Origin, Usage
from kernel_opt.model.integrity import failed, not_checked, passed
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.verdict import Outcome
from tests.views import canned
from tests.views.canned import Canned

ESCAPES = "x\x1b[2J\x1b]0;owned\x07\x9b31m\u202eevil\u2066\nnew line\r\x00end"
MARKUP = (
    "# x | y\n| a |\n<script>alert(1)</script> ![i](http://e.vil) `c` @all [^1] **b** www.e.vil "
    "</style></svg>]]> &amp; <!-- <img src=x onerror=alert(1)> ${7*7} {{7*7}} \"quoted' javascript:alert(1)"
)
ARABIC = "اجعل النواة أسرع بتحميل الكتلة التالية مبكرا"
HEBREW = "טען את הבלוק הבא מוקדם יותר (block_size=1024)"
WIDE = "将下一个块提前加载到共享内存中，以隐藏内存延迟。" * 4
EMOJI = "👩\u200d🔬🇯🇵 e\u0301\u0301\u0301 zero\u200bwidth"
LONG_WORD = "prefetch_" * 60
HOSTILE = (ESCAPES, MARKUP, ARABIC, HEBREW, WIDE, EMOJI, LONG_WORD)
"""Hypotheses that no view may be broken by."""


def hostile() -> Canned:
    """A run whose hypotheses are all hostile; every second one is kept."""
    run = Canned(repository="/home/ann/核\u202e\x1b[31m|<b>").baseline()
    for number, text in enumerate(HOSTILE):
        run.keep((0.99, 0.98), sentence=text) if number % 2 else run.drop(Ending.REGRESSION, sentence=text)
    run.propose(MARKUP)
    return run


def endings() -> Canned:
    """One round of every ending there is, the last still open."""
    run = Canned().baseline().keep().drop().drop(Ending.REGRESSION)
    _measured(run, Ending.UNCLEAR, Outcome.UNCLEAR, (1.004, 0.994))
    _measured(run, Ending.DIVERGING, Outcome.DIVERGING, (1.1, 0.8))
    _split_failed(run)
    run.fail()
    _wrong(run)
    run.open()
    run.add(r.GaveNothing(why="no proposal file", usage=Usage(wall_s=3), folder="x"))
    run.add(r.Dropped(ending=Ending.GAVE_NOTHING, why="no proposal file"))
    _refused(run)
    run.propose()
    run.add(f.Broke(commit=run.commit(), kind="unused", why="the edit was not used", folder="x", gpu_s=5))
    run.add(r.Dropped(ending=Ending.UNUSED, why="the edit was not used"))
    _format_lost(run)
    run.propose()
    run.add(f.Faulted(kind="gpu-lost", why="the card fell off the bus", gpu_s=9))
    run.add(r.Dropped(ending=Ending.INFRASTRUCTURE, why="the card fell off the bus"))
    run.open()
    return run


def _measured(run: Canned, ending: Ending, outcome: Outcome, ratios: tuple[float, float]) -> None:
    run.propose()
    run.bench(ratios)
    run.judge(outcome, ratios)
    run.add(r.Dropped(ending=ending, why=run.entries[-1].fact.verdict.sentence))


def _split_failed(run: Canned) -> None:
    run.propose("Wider tiles.")
    run.bench((1.1, 0.8))
    run.judge(Outcome.DIVERGING, (1.1, 0.8))
    edit = Edit(base=run.commit(), tree="s" * 40, changes=())
    condition = "block_size == 1024"
    run.add(r.Edited(origin=Origin.SPLIT, edit=edit, note="", usage=Usage(), folder="x", condition=condition))
    run.check(Origin.SPLIT, "5")
    run.bench((1.0, 0.9), "5")
    run.judge(Outcome.WORSE, (1.05, 0.9))
    run.add(r.Dropped(ending=Ending.SPLIT_FAILED, why="the split lost on another class"))


def _wrong(run: Canned) -> None:
    run.propose()
    for number in range(4):
        if number:
            edit = Edit(base=run.commit(), tree="r" * 40, changes=())
            usage = Usage(wall_s=20, input_tokens=4000, output_tokens=500, cost_usd=0.02)
            run.add(r.Edited(origin=Origin.REPAIR, edit=edit, note="mended", usage=usage, folder="x"))
            run.check(Origin.REPAIR, str(number))
        rows = (f.WrongRow(config=f"{canned.KEYS[0]}#0", error=0.5),)
        why = "2 of 4 rows are wrong"
        run.add(f.BenchedWrong(commit=run.commit(str(number) if number else ""), rows=rows, why=why, folder="x"))
    run.add(r.Dropped(ending=Ending.WRONG, why="2 of 4 rows are wrong after 3 repairs"))


def _refused(run: Canned) -> None:
    run.open()
    hypothesis = r.Hypothesis(sentence="Skip the checks.")
    edit = Edit(base=run.state.code, tree="t" * 40, changes=())
    run.add(r.Proposed(hypothesis=hypothesis, edit=edit, proposer="claude", usage=Usage(), folder="x"))
    run.add(r.Refused(rule="protected-path", why="tests/kernels/test_pa.py (tests/**)", cheat=True))
    run.add(r.Dropped(ending=Ending.REFUSED, why="protected-path: tests/kernels/test_pa.py (tests/**)"))


def _format_lost(run: Canned) -> None:
    run.propose()
    run.bench((0.9, 0.9))
    run.judge(Outcome.BETTER, (0.95, 0.95))
    run.add(r.Formatted(candidate=run.candidate(Origin.FORMATTED, "f"), changed=True))
    run.bench((0.95, 0.95), "f")
    run.judge(Outcome.TIE, (1.0, 1.0))
    run.add(r.Dropped(ending=Ending.FORMAT_LOST, why="formatted, the gain is gone"))


def over_budget() -> Canned:
    """What a day may cost is spent: the run waits for the next, by its own settings."""
    settings = canned.replace(canned.SETTINGS, agent=canned.replace(canned.SETTINGS.agent, day_usd=0.04))
    return Canned(settings=settings).baseline().keep()


def two_agents() -> Canned:
    """Two agents took turns; the second never tells what it costs."""
    run = Canned().baseline().keep().drop()
    run.open()
    hypothesis = r.Hypothesis(sentence="Split K.", proposer="codex", model="small")
    edit = Edit(base=run.state.code, tree="t" * 40, changes=())
    usage = Usage(wall_s=90, agent="codex", model="small")
    run.add(r.Proposed(hypothesis=hypothesis, edit=edit, proposer="codex", usage=usage, folder="x"))
    run.add(r.Refused(rule="not-allowed-path", why="setup.py (outside edit.allowed)"))
    run.add(r.Dropped(ending=Ending.REFUSED, why="not-allowed-path: setup.py"))
    return run


def no_agent() -> Canned:
    """The proposer is away: over its limit until a later time."""
    run = Canned().baseline().keep()
    run.open()
    run.add(f.ProposerAway(why="usage limit reached", retry_after_s=3600))
    return run


def faulty() -> Canned:
    """A step that the machine let fail twice."""
    run = Canned().baseline()
    run.propose()
    for _ in range(2):
        run.add(f.Faulted(kind="gpu-lost", why="the card fell off the bus", gpu_s=9))
        run.add(f.Waited(waited_s=60, reason="gpu-lost"))
    run.add(f.Faulted(kind="gpu-lost", why="the card fell off the bus", gpu_s=9))
    return run


def moved() -> Canned:
    """Somebody moved the branch: only a person can mend that, so the run ends."""
    run = Canned().baseline().to_keep()
    run.add(r.Sealed(purpose="keep", old=run.state.tip, new="d" * 40))
    run.add(f.Faulted(kind="foreign-change", why="the branch kernel-opt/apr16 was moved by somebody else"))
    return run


def wrong_baseline() -> Canned:
    """The kernel as found computes wrong numbers: nothing to tune on."""
    run = Canned()
    rows = (f.WrongRow(config=f"{canned.KEYS[0]}#0", error=0.5),)
    run.add(f.BenchedWrong(commit=run.base, rows=rows, why="1 of 4 rows is wrong", folder="x"))
    run.add(f.StopPlanned(reason="the kernel as found computes wrong numbers", code="baseline"))
    return run


def rolled_back() -> Canned:
    """The second of two keeps did not hold when it was measured afresh: the run went back to the first."""
    run = Canned().baseline().keep((0.9, 0.95)).keep((0.97, 0.96)).drop()
    first = run.state.bests[-2].code
    _headline(run, run.state.code, (0.97, 0.99), why="best does not hold: its claimed 9.7 % are 2.0 ± 0.4 %")
    _headline(run, first, (0.9, 0.95))
    tip = "a" * 39 + "b"
    run.add(r.Sealed(purpose="rollback", old=run.state.tip, new=tip))
    run.add(r.RolledBack(commit=tip, code=first, why="best does not hold"))
    run.factors = [0.9, 0.95]
    return run.drop()


def _headline(run: Canned, commit: str, ratios: tuple[float, float], why: str = "") -> None:
    pairs = canned.Measurement(best=run.base, candidate=commit)
    run.add(f.Measured(purpose=f.Purpose.HEADLINE, measurement=pairs, folder="x", gpu_s=900))
    verdict = canned.verdict_of(Outcome.BETTER, ratios)
    run.add(f.HeadlineJudged(verdict=verdict, commit=commit, holds=not why, why=why))


def checked() -> Canned:
    """Rounds whose figures were checked: all passed, one not checked, one failed."""
    run = Canned().baseline()
    checks = (passed("used", "the edited kernel ran"), not_checked("other data", "the benchmark takes no seed"))
    run.propose()
    run.add(f.Benched(run=canned.bench_of(run.commit(), (0.9, 0.9)), checks=checks))
    run.judge(Outcome.TIE, (1.0, 1.0))
    run.add(r.Dropped(ending=Ending.TIE, why=run.entries[-1].fact.verdict.sentence))
    run.propose(MARKUP)
    bad = (*checks, failed("same work", f"half the dispatches are gone {ESCAPES}"))
    run.add(r.Refused(rule="less-work", why="half the dispatches are gone", cheat=True, checks=bad, gpu_s=20))
    run.add(r.Dropped(ending=Ending.REFUSED, why="less-work: half the dispatches are gone"))
    return run


def lanes() -> Canned:
    """Three rounds at once: one was kept, another that was better is put on it, the third was drafted meanwhile."""
    run = Canned(settings=replace(canned.SETTINGS, lanes=2)).baseline()
    for lane in (1, 2, 3):
        run.propose(f"Prefetch block {lane} of K earlier.", lane=lane)
    for number, ratios in ((2, (0.95, 0.9)), (1, (0.9, 0.95))):
        run.round = number
        run.factors = list(ratios)
        run.bench(ratios)
        run.judge(Outcome.BETTER, ratios)
    run.confirm(ratios, canned.trace_of(190))
    run.publish()
    run.round, best = 2, run.state.code
    run.add(r.Rebased(onto=best, edit=Edit(base=best, tree="2" * 40, changes=())))
    run.check(Origin.REBASED, "r")
    return run


JOURNALS: dict[str, Callable[[], Canned]] = {
    **canned.ALL,
    "endings": endings, "hostile": hostile, "checked": checked, "two-agents": two_agents, "over-budget": over_budget,
    "no-agent": no_agent, "faulty": faulty, "moved": moved, "rolled-back": rolled_back,
    "wrong-baseline": wrong_baseline, "lanes": lanes, "500 rounds": canned.long,
}  # fmt: skip
"""Every kind of run by name; ``break_journal`` makes a broken one of any that is saved."""


def break_journal(place: RunPlace) -> None:
    """Spoil a saved run as a bad disk would."""
    (Path(place.directory) / "journal.db").write_bytes(b"this is no database at all" * 100)
