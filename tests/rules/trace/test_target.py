"""The kernels under tuning are told from all others, through renames and splits."""

import pytest

from kernel_opt.model.recording import Launch
from kernel_opt.model.trace import Role, TargetKernel
from kernel_opt.rules.trace.kernel_names import base_name, foreign_source, matches, plain_symbol, stem_names
from kernel_opt.rules.trace.target import find_targets, follow_targets, propose_targets, target_ns, words_of
from tests.rules.trace_recordings import summary

WORDS = words_of(["def pa_decode_tile_kernel(q):\n    pass\ndef pa_reduce_kernel(): ...\ndef pa_narrow_kernel(): ..."])


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("pa_main.kd", "pa_main"),
        ("void addition_kernel<float>(float*, int)", "addition_kernel"),
        ("divide_kernel(float*, float const*) [clone .kd]", "divide_kernel"),
        ("void at::native::(anonymous namespace)::CatArray<4, 2>(int)", "CatArray"),
        ("mul (.kd)", "mul"),
        ("{lambda(float)#1}", "{lambda(float)#1}"),
        ("__amd_rocclr_copyBuffer", "__amd_rocclr_copyBuffer"),
    ],
)
def test_base_name(name, base):
    """The function's own name is found in whatever a tool writes around it."""
    assert base_name(name) == base


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("pa_decode_tile_kernel_0", "pa_decode_tile_kernel_0"),
        ("pa_main.kd", "pa_main"),
        ("_Z7pa_mainPf.kd", "pa_main"),
        ("_ZN2ns3sub7pa_mainILi4EEEvPf", "pa_main"),
        ("_ZN12_GLOBAL__N_17pa_mainEPf", "pa_main"),
        ("_ZL7pa_mainv", "pa_main"),
        ("_Z", "_Z"),
        ("_Z9", "_Z9"),
    ],
)
def test_names_in_compiled_code(symbol, name):
    """Mangled or not, the function's own name is what a trace calls it too."""
    assert plain_symbol(symbol) == name


def test_stem_names():
    """Compilers number kernels; the source does not."""
    assert stem_names("pa_decode_tile_kernel_0") == ("pa_decode_tile_kernel_0", "pa_decode_tile_kernel")
    assert stem_names("pa_main") == ("pa_main",)


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("__amd_rocclr_fillBufferAligned", "runtime fill or copy"),
        ("void at::native::vectorized_elementwise_kernel<4>(int)", "torch"),
        ("triton_poi_fused_add_0", "torch"),
        ("Cijk_Ailk_Bljk_HHS_BH_MT64x64x32", "Tensile or BLAS"),
        ("MIOpenBatchNormBwdSpatial", "library"),
        ("rccl_main_kernel(ncclDevComm*)", "library"),
        ("void reference_gemm<4>(int)", "reference"),
        ("pa_decode_ref", "reference"),
        ("pa_decode_tile_kernel_0", None),
        ("prefetch_kernel", None),
    ],
)
def test_foreign_kernels(name, whose):
    """Runtime, torch, libraries and references are never tuned."""
    assert foreign_source(name) == whose


def test_settings_may_name_the_target():
    """By whole name, base name or regular expression; a broken expression names nothing."""
    name = "void pa_main<float>(float*)"
    assert matches(name, name)
    assert matches("pa_main", name)
    assert matches("pa_(main|tail)", name)
    assert not matches("pa_(main", name)
    kernels = [summary("gemm", 9000), summary("pa_main", 1000), summary("pa_reduce", 10)]
    found = find_targets(kernels, named=["pa_"])
    assert [(target.name, target.role) for target in found] == [("pa_main", Role.MAIN), ("pa_reduce", Role.REDUCE)]
    assert found[0].why == "named by the settings"


def test_targets_come_from_the_tuned_files():
    """A hotter kernel of somebody else's does not matter, nor does a tiny helper of ours."""
    kernels = [
        summary("paged_attention_decode_gluon", 9000, 60.0),
        summary("pa_decode_tile_kernel_0", 3000, 30.0),
        summary("pa_reduce_kernel_0", 900, 9.0),
        summary("pa_narrow_kernel", 1, 0.1),
    ]
    found = find_targets(kernels, words=WORDS)
    assert [target.name for target in found] == ["pa_decode_tile_kernel_0", "pa_reduce_kernel_0"]
    assert [target.role for target in found] == [Role.MAIN, Role.REDUCE]


def test_the_hottest_stands_in_when_no_name_is_known():
    """Without sources the hottest kernel that is nobody else's is proposed, and none when all are."""
    kernels = [summary("Cijk_Ailk", 9000), summary("kernel_a", 10), summary("kernel_b", 20)]
    assert [target.name for target in find_targets(kernels)] == ["kernel_b"]
    assert find_targets(kernels[:1]) == ()
    assert find_targets([]) == ()


def test_a_reduce_kernel_alone_is_the_main_one():
    """What combines is main when there is nothing to combine."""
    assert [target.role for target in find_targets([summary("block_reduce")])] == [Role.MAIN]


def test_a_target_is_proposed_only_where_it_can_be_told():
    """By name, by the tuned files, or as the only one; else there is a choice and no guess."""
    gluon, tile, fill = summary("gluon", 9000), summary("pa_decode_tile_kernel_0", 900), summary("__amd_rocclr_x", 5)
    assert [t.name for t in propose_targets([gluon, tile, fill], words=WORDS)[0]] == [tile.name]
    assert [t.name for t in propose_targets([gluon, tile], named=["gluon"])[0]] == ["gluon"]
    assert [t.name for t in propose_targets([gluon, fill])[0]] == ["gluon"]
    found, doubt = propose_targets([tile, gluon, fill])
    assert found == ()
    assert doubt.endswith("one of: gluon; pa_decode_tile_kernel_0")
    assert propose_targets([fill])[1].endswith("one of: __amd_rocclr_x")
    assert propose_targets([gluon], named=["a", "b"]) == ((), "no kernel is called a or b")
    assert propose_targets([]) == ((), "")
    assert propose_targets([], named=["a"]) == ((), "")


MAIN = TargetKernel(name="pa_decode_tile_kernel_0", role=Role.MAIN, why="baseline")
REDUCE = TargetKernel(name="pa_reduce_kernel_0", role=Role.REDUCE, why="baseline")
KNOWN = [MAIN.name, REDUCE.name, "gluon", "helper"]


def test_unchanged_targets_stay():
    """The same names are the same targets; known kernels of others are not taken for new ones."""
    kernels = [summary(MAIN.name), summary("helper"), summary(REDUCE.name)]
    assert follow_targets((MAIN, REDUCE), kernels, known=KNOWN) == (MAIN, REDUCE)


def test_a_renamed_kernel_is_followed():
    """A new kernel of the tuned files takes the place of one that is gone."""
    kernels = [summary("pa_narrow_kernel_0"), summary(REDUCE.name)]
    found = follow_targets((MAIN, REDUCE), kernels, known=KNOWN, words=WORDS)
    assert [(target.name, target.role) for target in found] == [
        (REDUCE.name, Role.REDUCE),
        ("pa_narrow_kernel_0", Role.MAIN),
    ]
    assert "in the place of pa_decode_tile_kernel_0" in found[1].why


def test_a_split_adds_a_specialised_kernel():
    """A new kernel beside the main one is a specialised one; a new combining one is a reduce kernel."""
    kernels = [
        summary(MAIN.name),
        summary("pa_narrow_kernel", 500),
        summary("merge_parts", 20),
        summary("at::native::x"),
    ]
    found = follow_targets((MAIN,), kernels, known=KNOWN)
    assert [(target.name, target.role) for target in found] == [
        (MAIN.name, Role.MAIN),
        ("pa_narrow_kernel", Role.SPECIALISED),
        ("merge_parts", Role.REDUCE),
    ]


def test_a_new_kernel_of_no_tuned_file_is_not_taken():
    """Where the tuned files are known, a stranger is no target."""
    found = follow_targets((MAIN,), [summary(MAIN.name), summary("other_new_kernel")], known=KNOWN, words=WORDS)
    assert found == (MAIN,)


def test_a_renamed_kernel_with_a_made_up_name_is_followed() -> None:
    """Names that the tuned files make up are in no text: when all targets are gone, what is new and weighs is taken."""
    kernels = [summary("generated_9f3", 900, 60.0), summary("at::native::x", 9), summary("tiny_new", 1, 0.1)]
    found = follow_targets((MAIN,), kernels, known=KNOWN, words=WORDS)
    assert [(target.name, target.role) for target in found] == [("generated_9f3", Role.MAIN)]
    told = follow_targets((MAIN,), [*kernels, summary("pa_narrow_kernel_0")], known=KNOWN, words=WORDS)
    assert [target.name for target in told] == ["pa_narrow_kernel_0"]


def test_a_lost_reduce_kernel_is_followed_without_a_main_one():
    """The name tells a new reduce kernel also where the main one is gone."""
    found = follow_targets((MAIN, REDUCE), [summary("combine_kernel", 10), summary("attend", 900)], known=KNOWN)
    assert [(target.name, target.role) for target in found] == [("attend", Role.MAIN), ("combine_kernel", Role.REDUCE)]
    alone = follow_targets((MAIN,), [summary("combine_kernel")], known=KNOWN)
    assert [target.role for target in alone] == [Role.MAIN]


def test_target_time():
    """The target's time is the sum of its kernels, or unknown when none ran."""
    launches = [Launch(kernel="a", calls=1, total_ns=5), Launch(kernel="b", calls=1, total_ns=7)]
    assert target_ns([TargetKernel(name="a"), TargetKernel(name="b")], launches) == 12
    assert target_ns([TargetKernel(name="z")], launches) is None
