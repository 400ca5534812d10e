"""What compiling ahead showed is told with the waves and the cliff first."""

from msgspec.structs import replace

from kernel_opt.model.compiled import BuildEnd, Built, HostFunction
from kernel_opt.rules.isa.compile_gate import weigh_builds
from kernel_opt.views.compiled import compiled_facts, tell_compiled, tell_formatted
from tests.fakes import KEYS
from tests.rules.static_kernels import kernel

BEST = Built(name="b64", end=BuildEnd.BUILT, target="gfx942", kernels=(kernel(vgpr=128),), wall_s=2.5)
HOST = HostFunction(name="pa_main", instructions=312, frame_bytes=200, stack_moves=80, vector_stack_moves=6, digest="a")


def tell(*new: Built) -> list[str]:
    """What is told of builds next to best's."""
    best = [BEST] * len(new)
    return tell_compiled(weigh_builds(best, new, is_edit_compiled=False, classes=KEYS, hot=()))


def test_two_registers_over_the_cliff() -> None:
    """Plain to see, with what changed against best."""
    first, second = tell(replace(BEST, kernels=(kernel(vgpr=130),)))
    assert first.startswith("compiles to code that looks costlier than best's: b64 for gfx942: pa fits 3 waves")
    assert first.endswith("(1 build, 2.5 s)")
    assert "waves 3 of 8 per SIMD, limited by vgpr: 2 VGPRs over the cliff to 4 waves" in second
    assert second.endswith("; against best vgpr 128 -> 130, waves per simd 4 -> 3")


def test_what_did_not_compile_and_what_is_new() -> None:
    """In the compiler's words, cleaned of what a terminal would obey."""
    refused = Built(name="b16", end=BuildEnd.REFUSED, target="gfx942", why="no \x1b[31mlayout")
    assert tell(BEST, refused)[-1].startswith("b16 for gfx942: refused: no ")
    assert "\x1b" not in "".join(tell(BEST, refused))
    assert "; against best new" in tell(replace(BEST, kernels=(*BEST.kernels, kernel(name="other"))))[-1]
    assert tell(BEST)[-1].endswith("; against best the same instructions")
    bare = kernel(vgpr=128, gfx="gfx1", fingerprint=None)
    assert "waves unknown" in tell(replace(BEST, kernels=(bare,)))[-1]


def test_other_code_at_the_same_cost() -> None:
    """No figure differs, the instructions do."""
    from tests.rules.isa.test_compile_gate import OTHER

    other = replace(BEST, kernels=(kernel(vgpr=128, fingerprint=OTHER),))
    assert tell(other)[-1].endswith("; against best other instructions at the same cost")


def test_rows_of_the_brief() -> None:
    """Which classes run a build, and what it costs; also what was not built, and why."""
    half = replace(BEST, classes=(KEYS[0],))
    missing = Built(name="c", end=BuildEnd.NOT_BUILT, classes=("none",), why="flydsl is missing | pip install flydsl")
    host = Built(name="h", end=BuildEnd.BUILT, functions=(HOST,))
    rows = compiled_facts([BEST, half, missing, host], KEYS)
    assert [row["classes"] for row in rows] == ["all classes", KEYS[0], "no class", "all classes"]
    assert str(rows[0]["cost"]).startswith("waves 4 of 8 per SIMD")
    assert rows[2]["cost"] == "not-built: flydsl is missing \\| pip install flydsl"
    assert rows[3]["cost"] == "312 instructions, frame 200 B, 80 stack moves (6 of vectors)"


def test_code_for_the_processor_against_best() -> None:
    """What changed of a function, and how far both are from float64; shown, and no more."""
    best = Built(name="h", end=BuildEnd.BUILT, functions=(HOST,), error=4.2e-7)
    pa_main = "h: pa_main 312 instructions, frame 200 B"
    spilling = replace(HOST, stack_moves=95, vector_stack_moves=20, digest="b")
    other = replace(best, functions=(spilling, replace(HOST, name="pa_reduce")), error=4.3e-2)

    def told(old: Built, new: Built) -> list[str]:
        return tell_compiled(weigh_builds([old], [new], is_edit_compiled=False, classes=KEYS, hot=()))

    assert told(best, other) == [
        "compiles, no costlier than best (1 build, 0.0 s)",
        f"{pa_main}, 95 stack moves (20 of vectors); against best stack moves 80 -> 95, vector stack moves 6 -> 20",
        "h: pa_reduce 312 instructions, frame 200 B, 80 stack moves (6 of vectors); against best new",
        "h: largest difference from float64 0.043; best's 4.2e-07",
    ]
    assert told(best, best)[1].endswith("; against best the same instructions")
    same_cost = replace(best, functions=(replace(HOST, digest="b"),))
    assert told(replace(best, error=None), same_cost)[1:] == [
        f"{pa_main}, 80 stack moves (6 of vectors); against best other instructions at the same cost",
        "h: largest difference from float64 4.2e-07",
    ]
    assert compiled_facts([best], KEYS)[-1]["cost"] == "largest difference from float64 4.2e-07"


def test_formatting_that_was_not_compiled() -> None:
    """Why not."""
    absent = replace(BEST, end=BuildEnd.NOT_BUILT, kernels=(), why="triton is missing")
    weighed = weigh_builds([absent], [absent], is_edit_compiled=True, classes=KEYS, hot=())
    assert tell_formatted(weighed) == ["the formatted code was not compiled ahead: triton is missing"]
