"""The run's checkout: made once, healed from everything, and never a danger to the user's."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_opt.edges.git_refs import ForeignChangeError, best_ref, branch_ref, move_ref, read_ref
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.worktree import (
    RunTree,
    advance_branch,
    create_run_tree,
    lanes_folder,
    put_back,
    remove_lanes,
    remove_run_tree,
)
from kernel_opt.model.errors import UsageError
from tests.edges.toy_repository import files_below, make_repository, user_git
from tests.fingerprint import fingerprint


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "repo")


@pytest.fixture
def tree(repository: Repository) -> RunTree:
    return create_run_tree(repository, "t", repository.head_commit())


def child_of(repository: Repository, parent: str, at_s: float = 1.0) -> str:
    return repository.commit_tree(f"{parent}^{{tree}}", parent, "next", at_s)


def test_the_checkout_lies_beside_the_users_on_a_branch_of_its_own(tree: RunTree, repository: Repository) -> None:
    """Its place, branch and content are as the protocol says, and git agrees that it is clean."""
    assert tree.path == repository.root.parent / "kernel-opt-t"
    assert user_git(tree.path, "status", "--short", "--branch", "--ignored") == "## kernel-opt/t\n"
    assert read_ref(repository, "refs/heads/kernel-opt/t") == repository.head_commit()
    assert files_below(tree.path) == files_below(repository.root)
    assert "locked" in user_git(repository.root, "worktree", "list", "--porcelain")


def test_a_tag_is_used_once_unless_the_run_is_resumed(tree: RunTree, repository: Repository) -> None:
    """An existing branch or directory is refused by name; resuming takes them as they are."""
    base = repository.head_commit()
    with pytest.raises(UsageError, match="branch kernel-opt/t exists"):
        create_run_tree(repository, "t", base)
    (repository.root.parent / "kernel-opt-u").mkdir()
    with pytest.raises(UsageError, match="kernel-opt-u exists already"):
        create_run_tree(repository, "u", base)
    kept = child_of(repository, base)
    advance_branch(tree, kept, base)
    create_run_tree(repository, "t", base, resuming=True)
    assert user_git(tree.path, "rev-parse", "HEAD").strip() == kept


def test_a_branch_that_takes_the_name_space_is_told(repository: Repository) -> None:
    """git cannot hold kernel-opt and kernel-opt/t at once: the user hears it in plain words."""
    user_git(repository.root, "branch", "kernel-opt")
    with pytest.raises(UsageError, match="branch named kernel-opt;"):
        create_run_tree(repository, "t", repository.head_commit())


def test_a_parent_that_cannot_be_written_is_told(repository: Repository) -> None:
    """The error names the directory; neither branch nor checkout is begun."""
    tag = "t" * 80
    long = Repository(repository.root / ("x" * 255) / ("y" * 255), repository.git_dir, repository.common_dir)
    with pytest.raises(UsageError, match="cannot be made"):
        create_run_tree(long, tag, repository.head_commit())
    assert read_ref(repository, branch_ref(tag)) is None


def link_deleted(tree: RunTree) -> None:
    (tree.path / ".git").unlink()


def link_bent(tree: RunTree) -> None:
    (tree.path / ".git").unlink()
    make_repository(tree.path / ".git")


def other_branch(tree: RunTree) -> None:
    user_git(tree.path, "checkout", "--quiet", "-b", "sly")
    user_git(tree.path, "commit", "--quiet", "--allow-empty", "--message=sly")


def unfinished_merge(tree: RunTree) -> None:
    admin = tree.repository.common_dir / "worktrees/kernel-opt-t"
    (admin / "index.lock").touch()
    (admin / "MERGE_HEAD").write_text("0" * 40)
    (admin / "rebase-merge").mkdir()


def index_spoilt(tree: RunTree) -> None:
    (tree.repository.common_dir / "worktrees/kernel-opt-t/index").write_bytes(b"garbage")


def flags_in_the_index(tree: RunTree) -> None:
    user_git(tree.path, "update-index", "--skip-worktree", "README")
    (tree.path / "README").write_text("sly")


def directory_deleted(tree: RunTree) -> None:
    shutil.rmtree(tree.path)


def directory_moved(tree: RunTree) -> None:
    tree.path.rename(tree.path.with_name("elsewhere"))


def pruned(tree: RunTree) -> None:
    user_git(tree.repository.root, "worktree", "unlock", str(tree.path))
    shutil.rmtree(tree.path)
    user_git(tree.repository.root, "worktree", "prune")


def half_made(tree: RunTree) -> None:
    admin = tree.repository.common_dir / "worktrees/kernel-opt-t"
    (admin / "commondir").unlink()
    (admin / "gitdir").unlink()


def half_made_with_address(tree: RunTree) -> None:
    (tree.repository.common_dir / "worktrees/kernel-opt-t/commondir").unlink()


def note_left_empty(tree: RunTree) -> None:
    (tree.repository.common_dir / "worktrees/kernel-opt-t/gitdir").write_text("")


def shared_part_left_empty(tree: RunTree) -> None:
    (tree.repository.common_dir / "worktrees/kernel-opt-t/commondir").write_text("")


def file_in_its_place(tree: RunTree) -> None:
    shutil.rmtree(tree.path)
    tree.path.write_text("not a directory")


def users_checkout_in_its_place(tree: RunTree) -> None:
    shutil.rmtree(tree.path)
    tree.path.symlink_to(tree.repository.root)


def users_directory_linked_in(tree: RunTree) -> None:
    shutil.rmtree(tree.path / "kernels")
    (tree.path / "kernels").symlink_to(tree.repository.root / "kernels")
    (tree.path / "more").symlink_to(tree.repository.root)


def users_file_linked_hard(tree: RunTree) -> None:
    for name in ("README", "build.sh"):
        (tree.path / name).unlink()
        (tree.path / name).hardlink_to(tree.repository.root / name)


def litter(tree: RunTree) -> None:
    make_repository(tree.path / "inner")
    os.mkfifo(tree.path / "pipe")
    (tree.path / "out/a/b").mkdir(parents=True)
    (tree.path / "out/a/b/x.pyc").write_text("x")
    (tree.path / "README").chmod(0o4755)
    (tree.path / "build.sh").chmod(0o644)
    (tree.path / "kernels/pa.py").unlink()
    (tree.path / "kernels/pa.py").mkdir()
    (tree.path / "latest").unlink()
    (tree.path / "latest").symlink_to("README")


def rights_taken_away(tree: RunTree) -> None:
    (tree.path / "shut/in").mkdir(parents=True)
    (tree.path / "shut/in/x").write_text("x")
    for name in ("shut/in", "shut", "kernels", "README"):
        (tree.path / name).chmod(0)


def very_deep(tree: RunTree) -> None:
    here = os.open(tree.path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@pytest.mark.parametrize(
    "spoil",
    [
        link_deleted,
        link_bent,
        other_branch,
        unfinished_merge,
        index_spoilt,
        flags_in_the_index,
        directory_deleted,
        directory_moved,
        pruned,
        half_made,
        half_made_with_address,
        note_left_empty,
        shared_part_left_empty,
        file_in_its_place,
        users_checkout_in_its_place,
        users_directory_linked_in,
        users_file_linked_hard,
        litter,
        rights_taken_away,
        very_deep,
    ],
)
def test_putting_back_heals_everything(tree: RunTree, spoil: Callable[[RunTree], None]) -> None:
    """Whatever agent, crash or user did: the checkout is the commit again, and the user's checkout was not touched."""
    root = tree.repository.root
    user_git(root, "update-ref", "refs/heads/sly", "HEAD") if spoil is not other_branch else None
    before = fingerprint(root)
    spoil(tree)
    put_back(tree, tree.repository.head_commit())
    after = fingerprint(root)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert not {
        name for name in changed if "sly" not in name and name not in (".git/logs/refs/heads", ".git/worktrees")
    }
    assert files_below(tree.path) == files_below(root)
    assert user_git(tree.path, "status", "--short", "--branch", "--ignored") == "## kernel-opt/t\n"
    assert user_git(tree.path, "ls-files", "-v", "README") == "H README\n"
    assert user_git(root, "fsck", "--no-dangling") == ""


def test_a_users_worktree_of_the_same_name_elsewhere_stays(tree: RunTree) -> None:
    """git names its notes by the last part of a path: the user's own kernel-opt-t, elsewhere, is not ours."""
    remove_run_tree(tree.repository, "t")
    theirs = tree.repository.root.parent / "sub/kernel-opt-t"
    user_git(tree.repository.root, "worktree", "add", "--quiet", str(theirs), "-b", "theirs")
    again = create_run_tree(tree.repository, "t", tree.repository.head_commit())
    assert user_git(theirs, "status", "--short", "--branch") == "## theirs\n"
    assert user_git(again.path, "status", "--short", "--branch") == "## kernel-opt/t\n"


def test_a_hard_link_to_the_users_file_is_cut(tree: RunTree) -> None:
    """After putting back, an edit in the checkout cannot reach a file of the user."""
    users_file_linked_hard(tree)
    put_back(tree, tree.repository.head_commit())
    (tree.path / "README").write_text("edited")
    assert (tree.repository.root / "README").read_text() == "toy\n"


def test_right_files_are_left_alone(tree: RunTree) -> None:
    """Putting back writes only what differs: editors and builds see no needless change."""
    before = (tree.path / "README").stat()
    put_back(tree, tree.repository.head_commit())
    after = (tree.path / "README").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_branch_the_user_has_checked_out_is_not_moved(tree: RunTree) -> None:
    """Moving it would change what the user's checkout seems to hold: the user is asked to leave it first."""
    base = tree.repository.head_commit()
    user_git(tree.repository.root, "checkout", "--quiet", "--ignore-other-worktrees", "kernel-opt/t")
    with pytest.raises(ForeignChangeError, match="checked out in"):
        advance_branch(tree, child_of(tree.repository, base), base)
    with pytest.raises(UsageError, match="checked out in"):
        remove_run_tree(tree.repository, "t")


def test_removing_a_run_leaves_nothing_of_it_and_all_of_the_rest(tree: RunTree, repository: Repository) -> None:
    """Checkout, branch, hidden refs and notes are gone; another run and the user's missing worktree stay."""
    base = repository.head_commit()
    create_run_tree(repository, "other", base)
    user_git(repository.root, "worktree", "add", "--quiet", "../side", "-b", "side")
    shutil.rmtree(repository.root.parent / "side")
    move_ref(repository, best_ref("t"), base, None)
    for _ in range(2):
        remove_run_tree(repository, "t")
    assert not tree.path.exists()
    refs = user_git(repository.root, "for-each-ref", "--format=%(refname)").split()
    assert refs == ["refs/heads/kernel-opt/other", "refs/heads/main", "refs/heads/side"]
    assert sorted(path.name for path in (repository.common_dir / "worktrees").iterdir()) == ["kernel-opt-other", "side"]


def test_lanes_have_checkouts_of_their_own(tree: RunTree, repository: Repository) -> None:
    """Each at its own commit, on no branch; the run's own branch may move on meanwhile, and none knows of the other."""
    base = repository.head_commit()
    kept = child_of(repository, base)
    lanes = [replace(tree, lane=lane) for lane in (1, 2)]
    put_back(lanes[0], base)
    put_back(lanes[1], kept)
    (lanes[0].path / "kernels" / "pa.py").write_text("an edit\n")
    advance_branch(tree, kept, base)
    assert lanes[0].path == lanes_folder(tree.path) / "1"
    assert [user_git(lane.path, "rev-parse", "HEAD").strip() for lane in lanes] == [base, kept]
    assert user_git(lanes[0].path, "status", "--short", "--branch") == "## HEAD (no branch)\n M kernels/pa.py\n"
    assert user_git(lanes[1].path, "status", "--short") == ""
    put_back(lanes[0], kept)
    assert user_git(lanes[0].path, "status", "--short") == ""


@pytest.mark.parametrize("harm", ["link", "folder", "git"])
def test_a_lane_is_healed_like_the_runs_own(tree: RunTree, repository: Repository, harm: str, tmp_path: Path) -> None:
    """Whatever a proposer did to it."""
    base = repository.head_commit()
    lane = replace(tree, lane=1)
    put_back(lane, base)
    if harm == "git":
        (lane.path / ".git").write_text("gitdir: /elsewhere\n")
    else:
        shutil.rmtree(lane.path)
    if harm == "link":
        lane.path.symlink_to(tmp_path)
    put_back(lane, base)
    assert files_below(lane.path) == files_below(repository.root)
    assert not lane.path.is_symlink()


def test_lanes_go_with_their_run_and_alone(tree: RunTree, repository: Repository) -> None:
    """Nothing of them is left on the disk or in the repository; without any there is nothing to do."""
    before = user_git(repository.root, "worktree", "list")
    for lane in (1, 2):
        put_back(replace(tree, lane=lane), repository.head_commit())
    remove_lanes(tree)
    remove_lanes(tree)
    assert (user_git(repository.root, "worktree", "list"), lanes_folder(tree.path).exists()) == (before, False)
    put_back(replace(tree, lane=1), repository.head_commit())
    remove_run_tree(repository, "t")
    assert not lanes_folder(tree.path).exists()
    assert len(user_git(repository.root, "worktree", "list").splitlines()) == 1
