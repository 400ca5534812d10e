"""Every version of the example's kernel against float64, on shapes that its benchmark leaves out."""

from pathlib import Path

import pytest

from tests.example.repository import LADDER, TILES, copy_example, run

PREFIXES = [LADDER[:length] for length in range(len(LADDER) + 1) if LADDER[:length][-1:] != ("vector-tiles/change",)]
ASIDE = [
    # Without -ffast-math the exponential of the tiles needs no repair.
    ("hoist-lookups/change", "vector-tiles/change"),
    (*TILES, "share-rows/change"),
    (*LADDER, "spread-weight-rows/change"),
    (*LADDER, "unroll-loops/change"),
    (*LADDER, "tree-max/change"),
    (*LADDER, "skip-empty-splits/change"),
]
SHORT = (*TILES, "short-exp/change", "short-exp/repair-1", "short-exp/repair-2", "short-exp/repair-3")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of compiled kernels for all copies."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("patches", PREFIXES + ASIDE, ids=lambda patches: patches[-1] if patches else "start")
def test_it_is_right_on_every_shape(tmp_path: Path, cache: Path, patches: tuple[str, ...]):
    """Odd heads, short contexts, block and split boundaries, mixed lengths, NaN behind the context: all within 1e-5."""
    done = run(copy_example(tmp_path, patches), cache, "tests/kernels/check_shapes.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["40 problems, 0 wrong"]


@pytest.mark.parametrize(
    "patches",
    [LADDER[:3], SHORT[:5], SHORT],
    ids=lambda patches: patches[-1],
)
def test_wrong_numbers_are_seen(tmp_path: Path, cache: Path, patches: tuple[str, ...]):
    """What breaks the exponential fails the check, also in the smallest way that the playbook tries."""
    done = run(copy_example(tmp_path, patches), cache, "tests/kernels/check_shapes.py")
    assert done.returncode == 1
    assert "wrong by" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("v = np.zeros((1, 1, 8, 24), np.float32)", "block_size 24"),
        ("q = np.zeros((1, 1, 1, 12), np.float32)", "head_size 12"),
        ("q = np.zeros((1, 65, 1, 8), np.float32)", "65 rows"),
    ],
)
def test_a_shape_without_a_kernel_is_refused(tmp_path: Path, cache: Path, words: tuple[str, str]):
    """What the kernels have no room for is an error, never a wrong answer."""
    change, match = words
    program = f"""
import numpy as np
from kernels.pa_decode import allocate_workspace, pa_decode_ps_launch
q, k = np.zeros((1, 1, 1, 8), np.float32), np.zeros((1, 1, 2, 16, 4), np.float32)
v, table, length = np.zeros((1, 1, 8, 16), np.float32), np.zeros((1, 1), np.int32), np.ones(1, np.int32)
{change}
pa_decode_ps_launch(np.empty_like(q), q, k, v, table, length, allocate_workspace(q, 1), 1)
"""
    done = run(copy_example(tmp_path), cache, "-c", program)
    assert done.returncode == 1
    assert "no kernel for" in done.stderr
    assert match in done.stderr


def recheck(folder: Path, cache: Path, pristine: Path, seed: str = "7") -> tuple[int, str]:
    """The poison run in one tree, its outputs compared in another."""
    out = folder.parent / f"{folder.name}-raw"
    out.mkdir()
    ran = run(folder, cache, "tests/kernels/recheck_pa.py", "--seed", seed, "--out", str(out))
    if ran.returncode:
        return ran.returncode, ran.stderr
    told = run(pristine, cache, "tests/kernels/recheck_pa.py", "--seed", seed, "--verify", str(out))
    return told.returncode, told.stderr


@pytest.mark.parametrize("patches", [(), LADDER, (*TILES, "share-rows/change")], ids=["start", "ladder", "share-rows"])
def test_an_honest_kernel_stands_the_poison_run(tmp_path: Path, cache: Path, patches: tuple[str, ...]):
    """NaN in the outputs, inputs that change where they stand, shapes that no benchmark shows."""
    pristine = copy_example(tmp_path / "pristine", ())
    assert recheck(copy_example(tmp_path / "tried", patches), cache, pristine) == (0, "")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ("    _REDUCE.launch(args, grid=(num_heads * query_len, num_seqs, 1))\n", "wrong by nan"),
        (None, "is wrong by"),
    ],
    ids=["no reduce", "remembers"],
)
def test_who_leaves_work_out_does_not_stand_it(tmp_path: Path, cache: Path, change: str | None, match: str):
    """A kernel that is not run, and an answer that is remembered, are seen in the raw outputs."""
    folder = copy_example(tmp_path / "tried", () if change else ("remember-requests/change",))
    if change:
        source = folder / "kernels/pa_decode.py"
        source.write_text(source.read_text().replace(change, ""))
    code, said = recheck(folder, cache, copy_example(tmp_path / "pristine", ()))
    assert (code, match in said) == (1, True), said


@pytest.mark.parametrize(
    ("patches", "code", "said"),
    [(LADDER, 0, ""), (("remember-requests/change",), 1, "is wrong by")],
    ids=["ladder", "remembers"],
)
def test_the_blind_run_asks_for_another_answer_each_time(
    tmp_path: Path, cache: Path, patches: tuple[str, ...], code: int, said: str
):
    """The benchmark's own configs, as often as it is told; who remembers gives the answer of another call."""
    tree, pristine = copy_example(tmp_path / "tried", patches), copy_example(tmp_path / "pristine", ())
    out = tmp_path / "raw"
    out.mkdir()
    words = ("tests/kernels/recheck_pa.py", "--seed", "7")
    ran = run(tree, cache, *words, "--blind", str(out), "--calls", "5")
    assert ran.returncode == 0, ran.stderr
    assert len(list(out.glob("blind-0-*.f32"))) == 8
    told = run(pristine, cache, *words, "--verify-blind", str(out), "--calls", "5")
    assert (told.returncode, said in told.stderr) == (code, True), told.stderr
    (out / "blind-0-7.f32").unlink()
    assert "left 7 outputs" in run(pristine, cache, *words, "--verify-blind", str(out), "--calls", "5").stderr


def test_of_many_blind_calls_any_may_be_looked_at(tmp_path: Path, cache: Path):
    """Who is right for as many calls as the benchmark makes, and then leaves all undone, is wrong in some."""
    tree, pristine = copy_example(tmp_path / "tried"), copy_example(tmp_path / "pristine")
    source = tree / "kernels/pa_decode.py"
    launch = "    _MAIN.launch("
    text = source.read_text().replace(launch, f"    args.num_seqs *= next(_LEFT[out.shape], 0)\n{launch}")
    begin = "import collections\n_LEFT = collections.defaultdict(lambda: iter([1] * 13))\n"
    source.write_text(text.replace("import ctypes", f"{begin}import ctypes", 1))
    words = ("tests/kernels/recheck_pa.py", "--seed", "7", "--calls", "20")
    out = tmp_path / "raw"
    out.mkdir()
    ran = run(tree, cache, *words, "--blind", str(out))
    assert ran.returncode == 0, ran.stderr
    assert "is wrong by" in run(pristine, cache, *words, "--verify-blind", str(out)).stderr
