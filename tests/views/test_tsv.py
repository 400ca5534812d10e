from kernel_opt.model import round_facts as r
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.round_facts import Ending
from kernel_opt.views.tsv import render_tsv
from tests.views import canned


def table_of(run: canned.Canned) -> list[list[str]]:
    text = render_tsv(run.entries)
    assert text.endswith("\n")
    return [line.split("\t") for line in text.splitlines()]


def test_every_experiment_has_its_line():
    """Kept, dropped and crashed rounds stand below the baseline; the open one does not."""
    assert table_of(canned.running()) == [
        ["commit", "metric_value", "resource_usage", "status", "hypothesis"],
        ["bbbbbbbbbb", "200.000000", "80.0", "keep", "baseline"],
        ["0001faaaaa", "184.932420", "560.0", "keep", "Prefetch block 1 of K earlier."],
        ["0002aaaaaa", "185.117353", "280.0", "discard", "Prefetch block 2 of K earlier."],
        ["0003aaaaaa", "0.000000", "0.0", "crash", "Prefetch block 3 of K earlier."],
        ["0004aaaaaa", "197.877689", "280.0", "discard", "Prefetch block 4 of K earlier."],
    ]


def test_rounds_that_say_nothing_of_a_kernel_are_left_out():
    """An empty proposer or a broken machine is no experiment."""
    run = canned.Canned().baseline()
    run.open()
    run.add(r.GaveNothing(why="no idea", usage=Usage(), folder="x"))
    run.add(r.Dropped(ending=Ending.GAVE_NOTHING, why="no idea"))
    run.fail(Ending.INFRASTRUCTURE)
    assert len(table_of(run)) == 2


def test_a_proposal_that_was_refused_has_no_commit():
    """What broke a rule before it was a commit is a crash without one."""
    run = canned.Canned().baseline()
    run.propose()
    while not isinstance(run.entries[-1].fact, r.Proposed):
        run.entries.pop()
    run.state = canned.RunState()
    for entry in run.entries:
        run.state = canned.evolve(run.state, entry)
    run.add(r.Refused(rule="paths", why="touches tests", cheat=True))
    run.add(r.Dropped(ending=Ending.REFUSED, why="paths"))
    assert table_of(run)[-1] == ["-", "0.000000", "0.0", "crash", "Prefetch block 1 of K earlier."]


def test_hostile_text_keeps_to_its_column():
    """Tabs and newlines in a hypothesis add neither column nor line."""
    run = canned.Canned().baseline().drop(sentence="a\tb\nc\x1b[0m")
    assert table_of(run)[-1][-1] == "a b c[0m"


def test_before_the_baseline_there_is_a_header():
    """An empty table is still a table."""
    assert len(table_of(canned.fresh())) == 1
