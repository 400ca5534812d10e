"""What changed between two builds, as people read it."""

from kernel_opt.model.static_facts import Fingerprint, FingerprintKind, Statics
from kernel_opt.rules.isa.static_changes import compare_statics
from kernel_opt.views.static_changes import tell_static_changes
from tests.rules.static_kernels import kernel

OTHER = Fingerprint(FingerprintKind.TEXT, "2" * 32)


def tell(before, after) -> str:
    """Tell the difference of two builds."""
    return tell_static_changes(compare_statics(Statics(kernels=tuple(before)), Statics(kernels=tuple(after))))


def test_changes():
    """The verdict first, then each kernel with what differs."""
    told = tell([kernel(), kernel(name="b")], [kernel(vgpr=128, fingerprint=OTHER), kernel(name="b")])
    assert told == (
        "the code changed\n"
        "pa: other instructions\n"
        "  arch vgpr: 130 -> 128 (-2)\n"
        "  vgpr: 130 -> 128 (-2)\n"
        "  waves per simd: 3.0 -> 4.0 (+1)\n"
        "unchanged: b\n"
    )


def test_no_change():
    """Said so that an edit without effect is plain; many names are cut."""
    names = [f"k{number}" for number in range(14)]
    assert tell([kernel()], [kernel()]).startswith("nothing changed: the same instructions and the same resources")
    assert "k11 and 2 more" in tell([kernel(name=name) for name in names], [kernel(name=name) for name in names])


def test_new_gone_renamed_and_unknown():
    """Each in its words; a figure that is not known is a question mark."""
    told = tell([kernel(), kernel(name="b", fingerprint=None)], [kernel(name="p")])
    assert told == "the code changed\nb: gone\nunchanged: pa\n"
    assert "c: new" in tell([kernel()], [kernel(), kernel(name="c")])
    assert "pa (now p): the same instructions" in tell([kernel()], [kernel(name="p", lds_bytes=None)])
    unknown = tell([kernel(fingerprint=None)], [kernel(fingerprint=None)])
    assert unknown == "not known whether the code changed\npa: no fingerprints of one kind to compare\n"
    assert "lds bytes: 11236 -> ?\n" in tell([kernel()], [kernel(lds_bytes=None)])
    assert "limited by: vgpr -> -\n" in tell([kernel(lds_bytes=0)], [kernel(lds_bytes=0, vgpr=8)])
