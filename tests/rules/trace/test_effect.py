"""An edit that changes neither code nor launches did nothing; what is not known is not claimed."""

from msgspec.structs import replace

from kernel_opt.model.recording import Launch, Recording
from kernel_opt.rules.trace.effect import find_no_effect, see_what_ran

MAIN, REDUCE = "void pa_main<4>(float*)", "pa_reduce"
LAUNCHES = (
    Launch(kernel=MAIN, calls=13, total_ns=900, grid=(1024, 1, 1), workgroup=(64, 1, 1)),
    Launch(kernel=REDUCE, calls=13, total_ns=90),
    Launch(kernel="fill", calls=2, total_ns=9),
)
BEST = Recording(launches=LAUNCHES, isa={"pa_main": "code:a", "pa_reduce": "code:b"})
TARGETS = [MAIN, REDUCE]


def told(candidate: Recording, targets: list[str] = TARGETS) -> str:
    """What is said of a candidate."""
    return find_no_effect(see_what_ran(BEST, TARGETS), see_what_ran(candidate, targets))


def test_the_same_code_in_the_same_launches_did_nothing() -> None:
    """Times, and launches of others, do not matter."""
    slower = tuple(replace(one, total_ns=2 * one.total_ns) for one in LAUNCHES[:2])
    assert "pa_reduce, void pa_main<4>(float*) is the same as best's" in told(replace(BEST, launches=slower))


def test_other_code_or_other_launches_did_something() -> None:
    """An instruction, a grid, a number of calls, a kernel more."""
    assert told(replace(BEST, isa=BEST.isa | {"pa_reduce": "code:c"})) == ""
    for change in ({"grid": (512, 1, 1)}, {"calls": 26}, {"lds_bytes": 512}):
        assert told(replace(BEST, launches=(replace(LAUNCHES[0], **change), *LAUNCHES[1:]))) == ""
    assert told(BEST, [MAIN]) == ""


def test_unknown_code_says_nothing() -> None:
    """Without the code of every target, or without targets, nothing is claimed."""
    assert told(replace(BEST, isa={"pa_main": "code:a"})) == ""
    assert told(BEST, []) == ""
    assert see_what_ran(BEST, []) is None
    assert find_no_effect(None, see_what_ran(BEST, TARGETS)) == ""
