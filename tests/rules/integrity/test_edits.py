"""What an edit may touch is decided by names, kinds and sizes, whatever a proposer says about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.edit import Change, ChangeKind, Edit
from kernel_opt.model.settings import EditSettings
from kernel_opt.rules.integrity.edits import EDIT_CAP_BYTES, Refusal, find_row_differences, judge_edit

BENCH = "tests/kernels/test_pa.py"
OPEN = EditSettings(allowed=("**",), protected=())


def change(path: str, kind: ChangeKind = ChangeKind.MODIFIED, mode: str = "100644", size_bytes: int = 10) -> Change:
    return Change(path=path, kind=kind, mode=mode, size_bytes=size_bytes)


def judge(*changes: Change, limits: EditSettings = OPEN) -> Refusal | None:
    return judge_edit(Edit(base="base", tree="tree", changes=changes), limits, BENCH)


def test_an_unheeded_rule_refuses_nothing() -> None:
    """So that it can be seen what each rule is worth; the others still do."""
    edit = Edit(base="base", tree="tree", changes=(change("kernels/pa.so", mode="120000"),))
    rules = [rule_of(judge_edit(edit, OPEN, BENCH, off)) for off in ((), ("protected-path",), ("not-a-plain-file",))]
    assert rules == ["protected-path", "not-a-plain-file", "protected-path"]
    assert judge_edit(edit, OPEN, BENCH, ("protected-path", "not-a-plain-file")) is None


def rule_of(refusal: Refusal | None) -> str:
    return refusal.rule if refusal else ""


def test_a_kernel_may_change() -> None:
    """Honest edits pass: changed, new, removed, executable files, also in other scripts than Latin."""
    added = change("kernels/größe & co.py", ChangeKind.ADDED)
    gone = change("kernels/old.py", ChangeKind.DELETED, size_bytes=0)
    tool = change("kernels/gen.sh", mode="100755")
    assert judge(change("kernels/pa.py"), added, gone, tool, limits=EditSettings()) is None


@pytest.mark.parametrize(
    "path",
    [
        BENCH, "conftest.py", "kernels/conftest.py", "kernels/sitecustomize.py", "usercustomize.py", "kernels/x.pth",
        "kernels/__pycache__/pa.cpython-311.pyc", "kernels/__pycache__/note", "kernels/pa.pyo", "kernels/bank.pkl",
        "kernels/_c.so", "kernels/lib.so.1", "kernels/pa.hsaco", "kernels/pa.o", ".gitattributes", ".gitmodules",
        "kernels/.gitattributes", "kernels/.git/config", ".github/workflows/x.yml", "pyproject.toml", "setup.py",
        "sub/setup.cfg", "requirements-dev.txt", "kernel-opt.toml", "out.csv", "kernels/out.csv", "performance.md",
        "performance.svg",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [ChangeKind.MODIFIED, ChangeKind.ADDED, ChangeKind.DELETED, ChangeKind.MODE])
def test_what_steers_a_run_may_never_change(path: str, kind: ChangeKind) -> None:
    """Not even where the settings allow every path; adding, removing and renaming count like changing."""
    refusal = judge(change(path, kind), change("kernels/pa.py"))
    assert refusal is not None
    assert (refusal.rule, refusal.cheat) == ("protected-path", True)
    assert path in refusal.why


@pytest.mark.parametrize(
    "path", ["kernels/CONFTEST.py", "Tests/Kernels/Test_PA.py", "kernels/ｃonftest.py", ".GITMODULES"]
)
def test_another_spelling_of_a_protected_name_is_that_name(path: str) -> None:
    """On a file system without case, or one that composes letters, it is the same file."""
    assert rule_of(judge(change(path, ChangeKind.ADDED))) == "protected-path"


def test_the_settings_protect_more() -> None:
    """A protected glob wins over an allowed one."""
    limits = EditSettings(allowed=("kernels/**",), protected=("kernels/ref/**",))
    assert rule_of(judge(change("kernels/ref/a.py"), limits=limits)) == "protected-path"
    assert judge(change("kernels/a.py"), limits=limits) is None


def test_a_rename_onto_a_protected_name_is_refused() -> None:
    """A rename is a removal and an addition: each is looked at."""
    moved = (change("kernels/pa.py", ChangeKind.DELETED), change("tests/kernels/test_pa.py", ChangeKind.ADDED))
    assert rule_of(judge(*moved)) == "protected-path"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("random.py", "shadowed-module"),
        ("csv/__init__.py", "shadowed-module"),
        ("tests/kernels/torch.py", "shadowed-module"),
        ("tests/kernels/aiter/__init__.py", "shadowed-module"),
        ("kernels/types.py", ""),
        ("csv/notes.py", ""),
        ("random.hip", ""),
        ("helpers.py", ""),
    ],
)
def test_a_new_file_may_not_hide_a_module(path: str, rule: str) -> None:
    """Beside the benchmark and at the root it would be imported in place of the library; elsewhere it is harmless."""
    assert rule_of(judge(change(path, ChangeKind.ADDED))) == rule
    assert judge(change(path, ChangeKind.MODIFIED)) is None


def test_other_paths_are_a_slip() -> None:
    """It is sent back with the reason, not called a cheat."""
    refusal = judge(change("docs/a.md"), limits=EditSettings())
    assert refusal == Refusal(rule="not-allowed-path", why="docs/a.md (outside edit.allowed)", cheat=False)


@pytest.mark.parametrize("mode", ["120000", "160000", "special"])
def test_only_plain_files(mode: str) -> None:
    """A link, a submodule or a pipe in the place of a file is refused; removing one is not."""
    refusal = judge(change("kernels/pa.py", mode=mode))
    assert refusal == Refusal(rule="not-a-plain-file", why=f"kernels/pa.py (mode {mode})", cheat=True)
    assert judge(change("kernels/link", ChangeKind.DELETED, mode)) is None


@pytest.mark.parametrize("name", ["a\nb.py", "a\x1b[2J.py", "a\u202eyp.py", r"a\xff.py", "a\u200b.py"])
def test_new_names_must_be_readable(name: str) -> None:
    """Names that steer a terminal or are no text are sent back; those in the repository already may change."""
    assert rule_of(judge(change(f"kernels/{name}", ChangeKind.ADDED))) == "odd-name"
    assert judge(change(f"kernels/{name}")) is None


def test_sizes_are_bounded() -> None:
    """One file, all files together, and how many: each has its limit, and the limit itself is allowed."""
    limits = EditSettings(allowed=("**",), max_file_bytes=100, max_files=2)
    assert judge(change("a.cu", size_bytes=100), limits=limits) is None
    refusal = judge(change("a.cu", size_bytes=101), limits=limits)
    assert refusal == Refusal(rule="file-too-large", why="a.cu (101 bytes)", cheat=False)
    assert rule_of(judge(change("a.cu"), change("b.cu"), change("c.cu"), limits=limits)) == "too-many-files"
    wide = EditSettings(allowed=("**",), max_file_bytes=EDIT_CAP_BYTES)
    assert judge(change("a.cu", size_bytes=EDIT_CAP_BYTES), limits=wide) is None
    assert rule_of(judge(change("a.cu", size_bytes=EDIT_CAP_BYTES), change("b.cu"), limits=wide)) == "edit-too-large"


def test_nothing_changed() -> None:
    """No change, or none but of modes, is no candidate."""
    assert judge() == Refusal(rule="nothing-changed", why="the worktree is the same as best", cheat=False)
    mode = change("kernels/pa.py", ChangeKind.MODE, "100755")
    assert rule_of(judge(mode)) == "nothing-changed"
    assert judge(mode, change("kernels/b.py")) is None


def test_a_long_list_is_told_by_its_beginning() -> None:
    """The agent needs the pattern, not forty paths."""
    refusal = judge(*(change(f"docs/{number}") for number in range(8)), limits=EditSettings())
    assert refusal is not None
    assert refusal.why.startswith("docs/0 (outside edit.allowed), ")
    assert refusal.why.endswith(" and 3 more")


@given(st.text(min_size=1, max_size=20), st.sampled_from(ChangeKind))
def test_nothing_outside_the_allowed_paths_ever_passes(path: str, kind: ChangeKind) -> None:
    """Whatever the name is."""
    limits = EditSettings(allowed=("kernels/**",), protected=())
    assert path.startswith("kernels/") or judge(change(path, kind), limits=limits) is not None


# --- the rows of the benchmark ----------------------------------------------------------------------------------------


def rows(*keys: str, error: float | None = 0.0) -> list[ConfigRow]:
    return [ConfigRow(key=key, values={"k": key}, us=1.0, error=error) for key in keys]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (("a", "b", "c"), None),
        (("a", "c"), "lost: b"),
        (("a", "b", "c", "d"), "added: d"),
        (("a", "b", "x"), "lost: c, added: x"),
        (("a", "b", "c", "c"), "added: c"),
        (("b", "a", "c"), "the rows stand in another order"),
        ((), "lost: a; b; c"),
        (("a", "b", "c", "1", "2", "3", "4"), "added: 1; 2; 3 and 1 more"),
    ],
)
def test_rows_must_be_those_of_the_baseline(now: tuple[str, ...], said: str | None) -> None:
    """None lost, added, doubled, changed or moved; what differs is told by name."""
    assert find_row_differences(rows("a", "b", "c"), rows(*now)) == said


def test_the_error_column_may_not_go_away() -> None:
    """Without it a wrong candidate would pass for right; where there never was one, there is none to miss."""
    assert find_row_differences(rows("a"), rows("a", error=None)) == "the error column is gone"
    assert find_row_differences(rows("a", error=None), rows("a", error=None)) is None
    assert find_row_differences(rows("a", error=None), rows("a")) is None


@given(st.lists(st.sampled_from("abcd"), max_size=6), st.lists(st.sampled_from("abcd"), max_size=6))
def test_rows_differ_exactly_when_their_keys_do(before: list[str], now: list[str]) -> None:
    """No difference is overlooked and none is made up."""
    assert (find_row_differences(rows(*before), rows(*now)) is None) == (before == now)
