"""Three trees made one: both sides' changes where they are apart, the path where they are not."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as thorough
from hypothesis import strategies as st

from kernel_opt.edges.merge import MergeConflictError, merge_trees
from kernel_opt.edges.repository import Repository
from tests.edges.toy_repository import make_repository, user_git

LINES = [f"line {number}\n" for number in range(20)]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return make_repository(tmp_path_factory.mktemp("merge") / "repo")


def tree_of(repository: Repository, files: dict[str, str], executable: tuple[str, ...] = ()) -> str:
    """The base's tree with these files."""
    git = repository.git
    index = {"GIT_INDEX_FILE": str(repository.root.parent / "index")}
    git.run("read-tree", repository.head_commit(), environ=index)
    for path, text in files.items():
        sha = git.line("hash-object", "-w", "--no-filters", "--stdin", stdin=text.encode())
        mode = "100755" if path in executable else "100644"
        git.run("update-index", "--add", "--cacheinfo", f"{mode},{sha},{path}", environ=index)
    return git.line("write-tree", environ=index)


def with_line(number: int, text: str) -> str:
    return "".join([*LINES[:number], f"{text}\n", *LINES[number + 1 :]])


def test_changes_apart_are_both_there(repository: Repository) -> None:
    """In one file, and in several; files that only one side added or removed too."""
    base = tree_of(repository, {"k.py": "".join(LINES), "gone.py": "x\n"})
    ours = tree_of(repository, {"k.py": with_line(2, "ours"), "gone.py": "x\n", "new-ours": "1\n"})
    theirs = tree_of(repository, {"k.py": with_line(15, "theirs"), "new-theirs": "2\n"})
    merged = merge_trees(repository, base, ours, theirs)
    text = (repository.read_at(merged, "k.py") or b"").decode()
    assert text == with_line(2, "ours").replace("line 15\n", "theirs\n")
    assert (repository.read_at(merged, "new-ours"), repository.read_at(merged, "new-theirs")) == (b"1\n", b"2\n")
    assert repository.read_at(merged, "gone.py") is None


def test_the_same_change_is_no_conflict(repository: Repository) -> None:
    """What both did is there once."""
    base, both = tree_of(repository, {"k.py": "a\n"}), tree_of(repository, {"k.py": "b\n"})
    assert merge_trees(repository, base, both, both) == both
    assert merge_trees(repository, base, both, base) == both


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"k.py": with_line(5, "ours")}, {"k.py": with_line(5, "theirs")}),
        ({"k.py": None}, {"k.py": with_line(5, "theirs")}),
        ({"k.py": with_line(5, "ours")}, {"k.py": None}),
        ({"new.py": "1\n"}, {"new.py": "2\n"}),
        ({"k.py": "a\0b"}, {"k.py": "a\0c"}),
    ],
    ids=["same line", "ours is gone", "theirs is gone", "both new", "binary"],
)
def test_what_both_changed_is_told_by_its_path(
    repository: Repository, ours: dict[str, str | None], theirs: dict[str, str | None]
) -> None:
    """Nothing is guessed: the round is dropped, and says so."""
    files: dict[str, str | None] = {"k.py": "".join(LINES)}
    trees = [tree_of(repository, {name: text for name, text in (files | side).items() if text is not None})
             for side in ({}, ours, theirs)]  # fmt: skip
    with pytest.raises(MergeConflictError, match=r"^(k|new)\.py$"):
        merge_trees(repository, *trees)


def test_a_change_of_mode_goes_along_alone(repository: Repository) -> None:
    """With a change of content on the other side it is a conflict: files have one mode."""
    base = tree_of(repository, {"k.py": "a\n"})
    mode = tree_of(repository, {"k.py": "a\n"}, executable=("k.py",))
    other = tree_of(repository, {"k.py": "a\n", "x.py": "1\n"})
    merged = merge_trees(repository, base, other, mode)
    assert repository.entries(merged)[b"k.py"].mode == "100755"
    with pytest.raises(MergeConflictError):
        merge_trees(repository, base, tree_of(repository, {"k.py": "b\n"}), mode)


def test_no_merge_driver_of_the_repository_runs(repository: Repository, tmp_path: Path) -> None:
    """An edit may name one that the user has set up for other files."""
    mark = tmp_path / "ran"
    user_git(repository.root, "config", "merge.mine.driver", f"touch {mark}")
    files = {".gitattributes": "*.py merge=mine\n", "k.py": "".join(LINES)}
    base = tree_of(repository, files)
    ours, theirs = (tree_of(repository, files | {"k.py": with_line(n, "x")}) for n in (2, 15))
    merge_trees(repository, base, ours, theirs)
    assert not mark.exists()


@thorough(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ours=st.dictionaries(st.integers(0, 4), st.sampled_from("ab"), max_size=2),
    theirs=st.dictionaries(st.integers(0, 4), st.sampled_from("ab"), max_size=2),
)
def test_what_is_merged_has_every_change_of_both(
    repository: Repository, ours: dict[int, str], theirs: dict[int, str]
) -> None:
    """Each place changed by one side reads as that side has it; a place changed in two ways is a conflict."""

    def text(changed: dict[int, str]) -> str:
        return "".join("=\n" * 4 + changed.get(place, "-") + "\n" for place in range(5))

    trees = [tree_of(repository, {"k.py": text(changed)}) for changed in ({}, ours, theirs)]
    if any(ours[place] != theirs[place] for place in ours.keys() & theirs.keys()):
        with pytest.raises(MergeConflictError):
            merge_trees(repository, *trees)
        return
    merged = merge_trees(repository, *trees)
    assert (repository.read_at(merged, "k.py") or b"").decode() == text(ours | theirs)
