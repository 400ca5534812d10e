"""What changed between two builds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kernel_opt.model.static_facts import Fingerprint, FingerprintKind, InstructionCounts, Statics
from kernel_opt.rules.isa.static_changes import compare_statics
from tests.rules.static_kernels import TEXT, kernel

OTHER = Fingerprint(FingerprintKind.TEXT, "2" * 32)
CODE = Fingerprint(FingerprintKind.CODE, "1" * 32)


def compare(before, after):
    """Compare two builds of these kernels."""
    return compare_statics(Statics(kernels=tuple(before)), Statics(kernels=tuple(after)))


def test_nothing_changed():
    """The same code and figures have no effect, and that is certain."""
    changes = compare([kernel(), kernel(name="reduce")], [kernel(), kernel(name="reduce")])
    assert changes.has_effect is False
    assert [(one.name, one.same_isa, one.changed) for one in changes.kernels] == [
        ("pa", True, {}),
        ("reduce", True, {}),
    ]


def test_other_instructions():
    """Figures before and after, the waves among them."""
    faster = kernel(vgpr=128, fingerprint=OTHER, counts=InstructionCounts(total=890, mfma=32, valu=858))
    (change,) = compare([kernel()], [faster]).kernels
    assert (change.same_isa, change.has_effect) == (False, True)
    assert change.changed == {
        "arch_vgpr": (130, 128),
        "vgpr": (130, 128),
        "waves_per_simd": (3.0, 4.0),
        "total instructions": (900, 890),
        "valu instructions": (868, 858),
    }


@pytest.mark.parametrize(
    "known",
    [
        {"lds_bytes": 20480},
        {"float_mode": 0xC0},
        {"workgroup": (128, 1, 1)},
        {"scratch_bytes": 8},
        {"kernarg_bytes": 8},
    ],
)
def test_the_same_instructions_with_other_resources_are_an_effect(known):
    """More LDS keeps waves out, and another float mode computes something else."""
    (change,) = compare([kernel()], [kernel(**known)]).kernels
    assert (change.same_isa, change.has_effect) == (True, True)
    assert set(known) <= set(change.changed)


def test_kinds_of_fingerprints_are_never_compared():
    """Then it is not known, unless the figures differ."""
    assert compare([kernel()], [kernel(fingerprint=CODE)]).has_effect is None
    assert compare([kernel()], [kernel(fingerprint=None)]).kernels[0].same_isa is None
    assert compare([kernel()], [kernel(fingerprint=CODE, vgpr=8)]).has_effect is True
    assert compare([], []).has_effect is None


def test_another_target_is_other_code():
    """Even where the text is the same."""
    (change,) = compare([kernel()], [kernel(gfx="gfx950")]).kernels
    assert (change.same_isa, change.changed["gfx"]) == (False, ("gfx942", "gfx950"))


def test_a_renamed_kernel_is_found_by_its_code():
    """Or, when it is the only one left, by that."""
    changes = compare([kernel(), kernel(name="a", fingerprint=OTHER)], [kernel(name="pb"), kernel(name="a")])
    assert [(one.name, one.other_name, one.same_isa) for one in changes.kernels] == [
        ("a", None, False),
        ("pa", "pb", True),
    ]
    (only,) = compare([kernel()], [kernel(name="pb", fingerprint=OTHER, gfx="gfx950")]).kernels
    assert (only.other_name, only.same_isa) == ("pb", False)


def test_new_and_gone():
    """A kernel of one side only."""
    changes = compare([kernel()], [kernel(), kernel(name="b", fingerprint=OTHER), kernel(name="c", fingerprint=CODE)])
    assert [(one.name, one.is_new, one.is_gone) for one in changes.kernels] == [
        ("pa", False, False),
        ("b", True, False),
        ("c", True, False),
    ]
    assert changes.has_effect is True
    gone = compare([kernel(), kernel(name="b", fingerprint=None), kernel(name="c", fingerprint=None)], [kernel()])
    assert [one.is_gone for one in gone.kernels] == [False, True, True]


def test_builds_of_one_name_are_told_apart_by_file_then_by_order():
    """A cache holds a kernel once per specialisation."""
    before = [kernel(source="1/k.s", vgpr=10), kernel(source="2/k.s", vgpr=20)]
    after = [kernel(source="2/k.s", vgpr=20), kernel(source="1/k.s", vgpr=10)]
    assert compare(before, after).has_effect is False
    moved = [structs.replace(one, source=f"x/{one.source}") for one in before]
    assert compare(before, moved).has_effect is False


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_every_kernel_is_told_once(left, right):
    """None is lost, none stands twice."""
    changes = compare([kernel(name=name) for name in left], [kernel(name=name, fingerprint=TEXT) for name in right])
    both = sum(not one.is_new and not one.is_gone for one in changes.kernels)
    assert both == min(len(left), len(right))
    assert len(changes.kernels) == max(len(left), len(right))
