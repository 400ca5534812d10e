"""What compiling ahead settles, what it only tells, and what it leaves to the measurement."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.compiled import BuildEnd, Built, Compiled, CompileOutcome, HostFunction
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.round_facts import Checked, Ending
from kernel_opt.model.stages import Broken, Drafted, Runnable, Tries
from kernel_opt.model.static_facts import Fingerprint, FingerprintKind, KernelStatics
from kernel_opt.model.steps import Amend, Bench, Drop
from kernel_opt.rules.aftermath import after_break, after_compile
from kernel_opt.rules.isa.compile_gate import after_check, stands_for, weigh_builds
from tests.fakes import KEYS, candidate, edited, hypothesis, settings
from tests.rules.static_kernels import kernel

OTHER = Fingerprint(FingerprintKind.TEXT, "2" * 32)
FUNCTION = HostFunction(
    name="pa_main", instructions=9, frame_bytes=8, stack_moves=1, vector_stack_moves=0, digest="a" * 32
)


def built(*kernels: KernelStatics, **known: object) -> Built:
    """A build of the kernel with the block size 16 on gfx942."""
    plain = Built(name="b16", end=BuildEnd.BUILT, target="gfx942", kernels=kernels or (kernel(),), wall_s=2.0)
    return replace(plain, **known)


def weigh(best: Built, new: Built, *, is_edit_compiled: bool = True, classes: tuple[str, ...] = KEYS, hot=("pa",)):
    """Weigh one build of each."""
    return weigh_builds([best], [new], is_edit_compiled=is_edit_compiled, classes=classes, hot=hot)


def test_the_compilers_refusal_is_told_in_its_words():
    """The candidate goes back with them."""
    refused = built(end=BuildEnd.REFUSED, why="pa.py:7: error: no such layout", log_tail="the log", kernels=())
    found = weigh(built(), refused)
    assert found.outcome is CompileOutcome.BROKEN
    assert found.why == "b16 for gfx942 does not compile: pa.py:7: error: no such layout"
    assert (found.log_tail, found.wall_s, found.changes) == ("the log", 2.0, ())


@pytest.mark.parametrize("end", [BuildEnd.REFUSED, BuildEnd.NOT_BUILT])
def test_a_build_that_best_does_not_pass_says_nothing(end):
    """A compiler that refuses best as well is the machine's trouble, and is told as such."""
    found = weigh(built(end=end, why="no linker"), built(end=BuildEnd.REFUSED, why="no linker"))
    assert (found.outcome, found.why) == (CompileOutcome.NOT_CHECKED, "no linker")


def test_a_missing_tool_is_never_the_candidates_fault():
    """Not built is not checked, whatever best did."""
    found = weigh(built(), built(end=BuildEnd.NOT_BUILT, why="flydsl is missing: pip install flydsl"))
    assert (found.outcome, found.why) == (CompileOutcome.NOT_CHECKED, "flydsl is missing: pip install flydsl")


def test_what_can_never_be_launched():
    """More LDS than a work-group can have is refused before a card is taken."""
    found = weigh(built(), built(kernel(lds_bytes=70_000, fingerprint=OTHER)))
    assert found.outcome is CompileOutcome.CANNOT_LAUNCH
    assert "70000 B of LDS for a work-group; gfx942 has 65536 B" in found.why


def test_a_variant_that_a_tuner_would_drop_is_none():
    """As long as any variant of the kernel fits, a launch finds one."""
    large = kernel(name="pa_1", lds_bytes=70_000, fingerprint=OTHER)
    best = built(kernel(name="pa_0"))
    assert weigh(best, built(kernel(name="pa_0"), large)).outcome is CompileOutcome.FINE
    other = kernel(name="reduce")
    assert weigh(best, built(replace(large, name="pa_0"), other)).outcome is CompileOutcome.CANNOT_LAUNCH


def test_where_bests_build_has_such_a_kernel_too_it_is_one_for_show():
    """A dump may hold variants that nothing launches."""
    found = weigh(built(kernel(lds_bytes=70_000)), built(kernel(lds_bytes=70_000, fingerprint=OTHER)))
    assert found.outcome is CompileOutcome.FINE


def test_the_same_code_for_every_class_is_no_effect():
    """Told at once, for no GPU time."""
    found = weigh(built(), built())
    assert found.outcome is CompileOutcome.UNUSED
    assert "the edit changes nothing that runs" in found.why


@pytest.mark.parametrize(
    "how",
    [
        {"is_edit_compiled": False},
        {"new": built(classes=(KEYS[0],))},
        {"new": built(kernel(fingerprint=OTHER))},
        {"new": built(kernel(fingerprint=None)), "best": built(kernel(fingerprint=None))},
    ],
    ids=["a launcher changed", "a class without a build", "other code", "no fingerprint"],
)
def test_no_effect_is_claimed_only_where_nothing_is_left_open(how):
    """Whatever a build does not see may act: then the card decides."""
    given = {"best": built(), "new": built(), **how}
    assert weigh(given.pop("best"), given.pop("new"), **given).outcome is CompileOutcome.FINE


def test_one_specialisation_that_differs_is_enough():
    """Every one must be the same for an edit to have no effect."""
    pair = [built(), built(name="b64")]
    other = [built(), built(kernel(fingerprint=OTHER), name="b64")]
    found = weigh_builds(pair, other, is_edit_compiled=True, classes=KEYS, hot=())
    assert found.outcome is CompileOutcome.FINE
    missing = [built(), built(name="b64", end=BuildEnd.NOT_BUILT, why="gone", kernels=())]
    assert weigh_builds(pair, missing, is_edit_compiled=True, classes=KEYS, hot=()).outcome is CompileOutcome.FINE


def test_code_for_the_processor_settles_by_its_digest_alone():
    """Stack traffic is shown and decides nothing."""
    host = built(target="", functions=(FUNCTION,), kernels=())
    host = replace(host, kernels=())
    assert weigh(host, host).outcome is CompileOutcome.UNUSED
    spilling = replace(host, functions=(replace(FUNCTION, stack_moves=90, digest="b" * 32),))
    assert weigh(host, spilling).outcome is CompileOutcome.FINE
    assert weigh(host, replace(host, functions=())).outcome is CompileOutcome.FINE


def test_two_registers_over_the_cliff():
    """The wave that is lost is told, and how near the way back is."""
    found = weigh(built(kernel(vgpr=128)), built(kernel(vgpr=130, fingerprint=OTHER)))
    assert found.outcome is CompileOutcome.COSTLIER
    assert found.why == (
        "b16 for gfx942: pa fits 3 waves per SIMD, best's 4 "
        "(130 registers are in use; one more wave fits at 128 or less)"
    )


@pytest.mark.parametrize(("more", "outcome"), [(31, CompileOutcome.FINE), (32, CompileOutcome.COSTLIER)])
def test_a_few_scalar_spills_are_no_reason_to_look_again(more, outcome):
    """They go to lanes of a register that is there; from a register's worth on they are told."""
    found = weigh(built(kernel(sgpr_spills=8)), built(kernel(sgpr_spills=8 + more, fingerprint=OTHER)))
    assert found.outcome is outcome
    assert ("SGPR spills" in found.why) is (outcome is CompileOutcome.COSTLIER)


def test_new_spills_are_told():
    """Of each kind."""
    found = weigh(built(), built(kernel(vgpr_spills=4, scratch_bytes=16, fingerprint=OTHER)))
    first, second = found.why.split("; ")
    assert first == "b16 for gfx942: pa has 4 VGPR spills, best's 0"
    assert second == "b16 for gfx942: pa has 16 bytes of scratch, best's 0"


def test_fewer_waves_count_on_hot_kernels_only():
    """A helper may be as slow as it likes; where no name is known to be hot, all are."""
    best = built(kernel(vgpr=128), kernel(name="helper", vgpr=128))
    new = built(kernel(vgpr=128), kernel(name="helper", vgpr=130, fingerprint=OTHER))
    assert weigh(best, new, hot=("pa",)).outcome is CompileOutcome.FINE
    assert weigh(best, new, hot=("another",)).outcome is CompileOutcome.COSTLIER


def test_what_got_cheaper_or_is_unknown_is_no_cost():
    """A kernel that is new has nothing to be compared with."""
    fewer = built(kernel(vgpr=100, fingerprint=OTHER))
    assert weigh(built(), fewer).outcome is CompileOutcome.FINE
    assert weigh(built(), built(kernel(vgpr_spills=None, gfx="gfx1", fingerprint=OTHER))).outcome is CompileOutcome.FINE
    assert weigh(built(), built(kernel(), kernel(name="new", vgpr_spills=9))).outcome is CompileOutcome.FINE
    assert weigh(built(kernel(), kernel(name="old")), built()).outcome is CompileOutcome.FINE


def test_which_classes_a_build_stands_for():
    """Named by globs of their keys; all when it names none."""
    assert stands_for(built(), KEYS[0])
    assert stands_for(built(classes=("*",)), KEYS[0])
    assert not stands_for(built(classes=("block_size=7*",)), KEYS[0])


def drafted(tries: Tries | None = None) -> Drafted:
    """An edit that may be checked."""
    return Drafted(hypothesis(), edited(Origin.QUICK_FIX).edit, Origin.PROPOSED, tries or Tries())


def check(outcome: CompileOutcome | None, tries: Tries | None = None) -> Runnable | Broken:
    """What follows for a candidate with that outcome."""
    compiled = None if outcome is None else Compiled(outcome=outcome, why="told", log_tail="tail")
    return after_check(drafted(tries), Checked(candidate=candidate(), compiled=compiled))


@pytest.mark.parametrize("outcome", [None, CompileOutcome.FINE, CompileOutcome.NOT_CHECKED])
def test_what_speaks_against_nothing_runs(outcome):
    """Also where nothing was checked."""
    stage = check(outcome)
    assert isinstance(stage, Runnable)
    assert isinstance(after_compile(stage), Bench)


@pytest.mark.parametrize("outcome", [CompileOutcome.BROKEN, CompileOutcome.CANNOT_LAUNCH])
def test_what_cannot_run_goes_back_once(outcome):
    """As a quick fix with the compiler's words, and is dropped when that is used up."""
    stage = check(outcome)
    assert isinstance(stage, Broken)
    assert (stage.kind, stage.why, stage.log_tail) == (outcome.value, "told", "tail")
    again = after_break(stage, settings())
    assert isinstance(again, Amend)
    assert (again.origin, again.why) == (Origin.QUICK_FIX, "told")
    used_up = check(outcome, Tries(fixes=1))
    assert isinstance(used_up, Broken)
    assert after_break(used_up, settings()) == Drop(Ending.FAILED, "told")


def test_what_has_no_effect_is_dropped_as_unused():
    """No second look: there is nothing to mend."""
    stage = check(CompileOutcome.UNUSED)
    assert isinstance(stage, Broken)
    assert after_break(stage, settings()) == Drop(Ending.UNUSED, "told")


def test_what_looks_costlier_is_asked_about_once():
    """Then it is measured as it is: the compiler decides about no gain."""
    stage = check(CompileOutcome.COSTLIER)
    assert isinstance(stage, Runnable)
    again = after_compile(stage)
    assert isinstance(again, Amend)
    assert (again.origin, again.why) == (Origin.LOOK_AGAIN, "told")
    looked = check(CompileOutcome.COSTLIER, Tries(looks=1))
    assert isinstance(looked, Runnable)
    assert isinstance(after_compile(looked), Bench)
