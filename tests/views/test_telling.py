from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.bench import WrongRow
from kernel_opt.model.edit import Edit
from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.hypothesis import Origin, Usage
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.verdict import Outcome
from kernel_opt.views.learned import Finding
from kernel_opt.views.sentences import tell_verdict
from kernel_opt.views.story import main_kernels, specialised_kernels
from kernel_opt.views.telling import open_story, tell_rounds
from tests.views import canned

EDIT = Edit(base="b" * 40, tree="t" * 40, changes=())


def test_each_round_is_told_when_it_is_over():
    """Endings, lessons and numbers come out in order; the open round comes last, if wished."""
    run = canned.running()
    told = list(tell_rounds(run.entries))
    assert [one.ending for one in told] == [Ending.KEPT, Ending.TIE, Ending.FAILED, Ending.REGRESSION, None]
    assert [one.round for one in tell_rounds(run.entries, with_open=False)] == [1, 2, 3, 4]
    assert told[0].is_kept
    assert told[0].lesson.finding is Finding.CONFIRMED
    assert told[0].candidate.origin is Origin.FORMATTED
    assert told[0].gpu_s == 560
    assert told[0].cost_usd == 0.05
    assert told[2].us is None
    assert round(told[3].us, 1) == 197.9


def test_it_streams():
    """A round is told before the next one is read, so a long journal never lies in memory whole."""
    entries = iter(canned.long(40).entries)
    assert next(tell_rounds(entries)).round == 1
    assert next(entries).round <= 2


def test_repairs_are_counted_and_attempts_kept():
    """Each candidate of a round stands with what became of it."""
    run = canned.Canned().baseline()
    run.propose()
    wrong = f.BenchedWrong(commit=run.commit(), rows=(WrongRow(config="c", error=0.5),), why="1 row is off", folder="x")
    run.add(wrong)
    run.add(r.Edited(origin=Origin.REPAIR, edit=EDIT, note="", usage=Usage(), folder="x"))
    run.check(Origin.REPAIR, "r")
    run.bench((1, 1), "r")
    run.judge(Outcome.TIE, (1.0, 1.0))
    run.add(r.Dropped(ending=Ending.TIE, why="no gain"))
    told = next(tell_rounds(run.entries))
    assert told.repairs == 1
    assert [tried.outcome for tried in told.attempts] == ["wrong: 1 row is off", "right"]
    assert tell_verdict(told) == "tie: no change shown (0.0 ± 0.4 %) on all classes"


def test_a_split_names_its_classes_and_condition():
    """The classes that gained before the split are those that take the new kernel."""
    told = list(tell_rounds(canned.split().entries))[-1]
    assert told.split.condition == "block_size == 1024"
    assert told.split.classes == (canned.KEYS[1],)
    assert tell_verdict(told) == f"kept: 20.0 ± 0.4 % faster on {canned.KEYS[1]}; the rest unchanged within noise"


def test_numbers_of_an_earlier_candidate_are_not_the_later_ones():
    """A new candidate starts without verdict; a refused amendment keeps what was known before it."""
    run = canned.Canned().baseline()
    run.propose()
    run.bench((1.1, 0.8))
    run.judge(Outcome.DIVERGING, (1.1, 0.8))
    run.add(r.Edited(origin=Origin.SPLIT, edit=EDIT, note="", usage=Usage(), folder="x", condition="a == 1"))
    assert list(tell_rounds(run.entries))[-1].verdict.outcome is Outcome.DIVERGING
    run.check(Origin.SPLIT, "5")
    assert list(tell_rounds(run.entries))[-1].verdict is None
    run.add(r.Refused(rule="rows", why="a row is gone", cheat=True))
    run.add(r.Dropped(ending=Ending.SPLIT_FAILED, why="rows: a row is gone"))
    told = list(tell_rounds(run.entries))[-1]
    assert told.notes == ["refused: rows: a row is gone"]
    assert tell_verdict(told) == "split-failed: rows: a row is gone"


def test_what_is_out_of_the_ordinary_is_noted():
    """An empty proposer and a formatter that fails leave a note."""
    run = canned.Canned().baseline()
    run.open()
    run.add(r.GaveNothing(why="no idea", usage=Usage(), folder="x"))
    run.add(r.Dropped(ending=Ending.GAVE_NOTHING, why="no idea"))
    run.propose()
    run.bench((0.9, 0.9))
    run.judge(Outcome.BETTER, (0.9, 0.9))
    run.add(r.FormatFailed(why="no formatter"))
    first, second = tell_rounds(run.entries)
    assert first.notes == ["the proposer gave nothing: no idea"]
    assert second.notes == ["not formatted: no formatter"]
    assert tell_verdict(second) == "not over yet"


def test_facts_outside_a_round_are_not_told():
    """Baseline, headline and stop belong to the run."""
    assert not list(tell_rounds(canned.Canned().baseline().to_stop().entries))


def test_kernels_by_their_role():
    """Main and specialised kernels are told apart; without a trace there are none."""
    trace = canned.trace_of(100, "pa_decode_1024")
    assert main_kernels(trace) == ("pa_decode_kernel",)
    assert specialised_kernels(trace) == ("pa_decode_1024",)
    assert main_kernels(None) == ()


def test_a_round_that_was_asked_for_something_else_says_so():
    """In its notes; a probe is marked as what is never kept, and going on from best needs no word."""
    told = {
        aim: open_story(r.RoundOpened(round=1, best="b", seed=1, ask=Ask(aim=aim, dry=2)), 1.0).notes for aim in Aim
    }
    assert told[Aim.EXPLOIT] == []
    assert told[Aim.RADICAL] == ["asked for: radical, after 2 tries without a keep"]
    assert told[Aim.PROBE] == ["asked for: probe, which is never kept, after 2 tries without a keep"]
    assert open_story(r.RoundOpened(round=1, best="b", seed=1), 1.0).notes == []
