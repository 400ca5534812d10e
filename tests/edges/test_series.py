"""A clean series beside the user's checkout: what is there is never written over, and nothing is half there."""

from pathlib import Path

import pytest

from kernel_opt.edges import series
from kernel_opt.edges.git_refs import move_ref, read_ref
from kernel_opt.edges.repository import Repository
from kernel_opt.model.errors import InfrastructureError, UsageError
from tests.edges.toy_repository import make_repository, user_git
from tests.fingerprint import fingerprint


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "repo")


def commit(repository: Repository, files: dict[str, str]) -> str:
    """A commit of the user's on top."""
    for name, text in files.items():
        (repository.root / name).write_text(text)
    user_git(repository.root, "add", "--all")
    user_git(repository.root, "commit", "--quiet", "--message=next")
    return repository.head_commit()


def planned(repository: Repository, *texts: str) -> list[series.Planned]:
    """Steps that change one file each time."""
    base, found = repository.head_commit(), list[series.Planned]()
    for number, text in enumerate(texts):
        later = commit(repository, {"kernels/pa.py": text, "performance.md": text})
        tree = series.tree_without(repository, later, base, ("performance.md",))
        found.append(series.Planned(tree, f"Step {text}\n\nbecause ± of größe\n", 1_700_000_000.0 + number))
    user_git(repository.root, "reset", "--quiet", "--hard", base)
    return found


def test_reports_are_left_out_or_as_they_were(repository: Repository) -> None:
    """A report of the base stays as the base has it; one that it does not have is gone; all else is the commit's."""
    base = commit(repository, {"performance.md": "an older run's\n"})
    later = commit(
        repository, {"performance.md": "new\n", "performance.svg": "<svg/>\n", "kernels/pa.py": "TILE = 32\n"}
    )
    entries, there = repository.entries(base), repository.entries(later)
    found = dict(
        repository.entries(series.tree_without(repository, later, base, ("performance.md", "performance.svg")))
    )
    assert found.pop(b"kernels/pa.py") == there[b"kernels/pa.py"]
    assert found == {path: entry for path, entry in entries.items() if path != b"kernels/pa.py"}
    assert repository.entries(series.tree_without(repository, later, base, ())) == there


def test_the_same_steps_are_the_same_commits_and_the_checkout_is_not_touched(repository: Repository) -> None:
    """Twice is once; nobody's refs, index or files change."""
    steps, base = planned(repository, "a\n", "b\n"), repository.head_commit()
    before = fingerprint(repository.root)
    commits = series.commit_series(repository, base, steps)
    assert series.commit_series(repository, base, steps) == commits
    assert fingerprint(repository.root) == before
    series.create_branch(repository, "refs/heads/clean", commits[-1])
    assert series.read_series(repository, base, "refs/heads/clean") == tuple(
        zip(commits, [one.tree for one in steps], strict=True)
    )
    assert user_git(repository.root, "log", "--format=%s", f"{base}..clean").split("\n")[:2] == ["Step b", "Step a"]


def test_only_a_straight_line_from_the_base_is_a_series(repository: Repository) -> None:
    """A branch that is not there, that merges, or that is beside the base is none."""
    base = repository.head_commit()
    assert series.read_series(repository, base, "refs/heads/nowhere") is None
    one = commit(repository, {"kernels/pa.py": "1\n"})
    user_git(repository.root, "checkout", "--quiet", "-b", "side", base)
    commit(repository, {"README": "side\n"})
    assert series.read_series(repository, one, "refs/heads/side") is None
    user_git(repository.root, "merge", "--quiet", "--no-ff", "--message=m", "main")
    assert series.read_series(repository, base, "refs/heads/side") is None
    assert series.read_series(repository, base, "refs/heads/main") is not None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("-x", "cannot name a branch"),
        ("a..b", "cannot name a branch"),
        ("a b", "cannot name a branch"),
        ("x.lock", "cannot name a branch"),
        ("main/x", "beside main"),
        ("kernel-opt", "beside kernel-opt/t1"),
    ],
)
def test_names_that_git_cannot_hold_are_refused(repository: Repository, name: str, said: str) -> None:
    """Before anything is measured for them."""
    user_git(repository.root, "branch", "kernel-opt/t1")
    with pytest.raises(UsageError, match=said):
        series.check_branch(repository, name)
    assert series.check_branch(repository, "topic/fast") == "refs/heads/topic/fast"


def test_a_branch_made_meanwhile_is_left_alone(repository: Repository) -> None:
    """The new branch is made by compare-and-swap, and nobody's lock is removed."""
    base = repository.head_commit()
    commits = series.commit_series(repository, base, planned(repository, "a\n"))
    move_ref(repository, "refs/heads/clean", base, None)
    with pytest.raises(UsageError, match="the branch clean exists and holds something else; name another"):
        series.create_branch(repository, "refs/heads/clean", commits[-1])
    assert read_ref(repository, "refs/heads/clean") == base
    lock = repository.common_dir / "refs/heads/other.lock"
    lock.touch()
    with pytest.raises(InfrastructureError, match=r"update-ref .* failed"):
        series.create_branch(repository, "refs/heads/other", commits[-1])
    assert lock.exists()


def test_patches_make_the_same_tree_when_they_are_applied(repository: Repository, tmp_path: Path) -> None:
    """`git am` on the base gives what was measured, with the messages, whatever the repository's settings."""
    steps, base = planned(repository, "a\n", "b\n"), repository.head_commit()
    commits = series.commit_series(repository, base, steps)
    for name, value in {"diff.noprefix": "true", "diff.context": "0", "format.attach": "x"}.items():
        user_git(repository.root, "config", name, value)
    folder = tmp_path / "out"
    folder.mkdir()
    series.write_patches(repository, base, commits[-1], folder, {"SERIES.md": "letter ±\n"})
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["0001-Step-a.patch", "0002-Step-b.patch", "SERIES.md"]
    user_git(repository.root, "am", "--quiet", *(str(path) for path in sorted(folder.glob("*.patch"))))
    assert user_git(repository.root, "rev-parse", "HEAD^{tree}").strip() == steps[-1].tree
    assert "because ± of größe" in user_git(repository.root, "log", "-1", "--format=%B")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_patches_never_lie_among_other_files(repository: Repository, tmp_path: Path) -> None:
    """A folder with something in it, a file, a link, a place that is not there: refused, and left as it is."""
    base = repository.head_commit()
    full, file, link = tmp_path / "full", tmp_path / "file", tmp_path / "link"
    full.mkdir()
    (full / "mine").write_text("mine")
    file.write_text("mine")
    link.symlink_to(tmp_path)
    for folder in (full, file, link):
        with pytest.raises(UsageError, match="is no empty folder"):
            series.write_patches(repository, base, base, folder, {})
    with pytest.raises(UsageError, match="no folder that can be written to"):
        series.write_patches(repository, base, base, tmp_path / "no" / "where", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "link", "repo"]


def test_patches_are_whole_or_not_there(repository: Repository, tmp_path: Path) -> None:
    """What fails on the way leaves no folder."""
    with pytest.raises(InfrastructureError):
        series.write_patches(repository, repository.head_commit(), "0" * 40, tmp_path / "out", {})
    assert [path.name for path in tmp_path.iterdir()] == ["repo"]
