"""Refs: moved once, never over a foreign change, and not held up by a dead git's lock."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kernel_opt.edges.git_refs import (
    PACKED_LOCK_AGE_S,
    ForeignChangeError,
    best_ref,
    branch_ref,
    check_tag,
    delete_refs,
    hidden_refs,
    move_ref,
    read_ref,
    remove_stale_locks,
    round_ref,
)
from kernel_opt.edges.repository import Repository
from kernel_opt.model.errors import InfrastructureError, UsageError
from tests.edges.toy_repository import make_repository, user_git

REF = best_ref("t")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return make_repository(tmp_path_factory.mktemp("refs") / "repo")


@pytest.fixture
def chain(repository: Repository) -> list[str]:
    """Three commits; the ref under test is not there."""
    user_git(repository.root, "update-ref", "-d", REF)
    base = repository.head_commit()
    one = repository.commit_tree(f"{base}^{{tree}}", base, "one", 1.0)
    return [base, one, repository.commit_tree(f"{base}^{{tree}}", one, "two", 2.0)]


def test_the_names_are_those_of_the_protocol() -> None:
    """People find the refs of a run where they were told."""
    assert branch_ref("a.b") == "refs/heads/kernel-opt/a.b"
    assert best_ref("t") == "refs/kernel-opt/t/best"
    assert round_ref("t", 12) == "refs/kernel-opt/t/round-12"


def test_the_same_commit_made_twice_is_one_commit(repository: Repository) -> None:
    """Tree, parent, message and time decide the SHA, and nothing else does."""
    base = repository.head_commit()
    tree = f"{base}^{{tree}}"
    first = repository.commit_tree(tree, base, "why: größer\n\n\ud800 \0 body", 1_700_000_000.9)
    assert repository.commit_tree(tree, base, "why: größer\n\n\ud800 \0 body", 1_700_000_000.1) == first
    assert repository.commit_tree(tree, base, "why: other", 1_700_000_000.0) != first
    shown = user_git(repository.root, "log", "-1", "--format=%an <%ae> %at %s", first)
    assert shown == "kernel-opt <kernel-opt@localhost> 1700000000 why: größer\n"


def test_a_ref_moves_from_what_was_known(repository: Repository, chain: list[str]) -> None:
    """Made, moved, and moved again to where it is: done twice is done once, also in its log."""
    move_ref(repository, REF, chain[0], None)
    for _ in range(2):
        move_ref(repository, REF, chain[1], chain[0])
    assert read_ref(repository, REF) == chain[1]
    assert (repository.common_dir / "logs" / REF).read_text().count("\n") == 2


@pytest.mark.parametrize("was", [None, 0])
def test_a_foreign_change_is_never_overwritten(repository: Repository, chain: list[str], was: int | None) -> None:
    """Whoever moved the ref is right: the run stops and says how to go on."""
    user_git(repository.root, "update-ref", REF, chain[2])
    with pytest.raises(ForeignChangeError, match=r"somebody else moved .*best.*git update-ref") as told:
        move_ref(repository, REF, chain[1], None if was is None else chain[was])
    assert "then resume" in told.value.mend
    assert read_ref(repository, REF) == chain[2]


def test_a_ref_that_somebody_deleted_is_not_made_again(repository: Repository, chain: list[str]) -> None:
    """Gone is a foreign change too."""
    with pytest.raises(ForeignChangeError, match="it is gone"):
        move_ref(repository, REF, chain[1], chain[0])


def test_our_own_dead_lock_is_removed(repository: Repository, chain: list[str]) -> None:
    """A git killed in mid-move leaves a lock; the next move goes through it."""
    move_ref(repository, REF, chain[0], None)
    lock = repository.common_dir / f"{REF}.lock"
    lock.touch()
    move_ref(repository, REF, chain[1], chain[0])
    assert (read_ref(repository, REF), lock.exists()) == (chain[1], False)


def test_a_ref_that_cannot_be_written_is_the_machines_fault(repository: Repository, chain: list[str]) -> None:
    """A failure that is no foreign change is told with git's words."""
    with pytest.raises(InfrastructureError, match="update-ref"):
        move_ref(repository, REF, "f" * 40, None)
    with pytest.raises(InfrastructureError, match="commit-tree"):
        repository.commit_tree("f" * 40, chain[0], "x", 1.0)


def test_stale_locks_of_this_run_go_and_others_stay(repository: Repository) -> None:
    """At a start, the run's own locks are removed; another run's and the user's stay."""
    common = repository.common_dir
    ours = [common / f"{name}.lock" for name in (REF, round_ref("t", 3), branch_ref("t"))]
    others = [common / f"{name}.lock" for name in (best_ref("u"), "refs/heads/main", "packed-refs", "index")]
    for lock in (*ours, *others):
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    assert sorted(remove_stale_locks(repository, "t")) == sorted(ours)
    assert [lock.exists() for lock in others] == [True] * 4
    for lock in others:
        lock.unlink()


def test_the_shared_lock_goes_only_when_old_and_nobodys(repository: Repository) -> None:
    """packed-refs.lock may be the user's: it must be old, and no process may have it open."""
    lock = repository.common_dir / "packed-refs.lock"
    with lock.open("wb"):
        os.utime(lock, (0, lock.stat().st_mtime - PACKED_LOCK_AGE_S - 60))
        assert remove_stale_locks(repository, "t") == []
    assert remove_stale_locks(repository, "t") == [lock]


def test_all_refs_of_a_run_go_together(repository: Repository, chain: list[str]) -> None:
    """Also those that git packed; another run's stay."""
    for ref in (REF, round_ref("t", 1), branch_ref("t"), best_ref("u")):
        move_ref(repository, ref, chain[0], None)
    user_git(repository.root, "pack-refs", "--all")
    assert hidden_refs(repository, "t") == [REF, round_ref("t", 1)]
    delete_refs(repository, "t")
    assert (hidden_refs(repository, "t"), read_ref(repository, branch_ref("t"))) == ([], None)
    assert hidden_refs(repository, "u") == [best_ref("u")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.text("ab-_./@{~^: \\*[", min_size=1, max_size=6))
@example("../up")
@example("-x")
@example("a.lock")
@example("a/b")
@example("größe")
@example("t" * 81)
@example("")
def test_a_tag_that_passes_is_a_ref_and_a_directory(repository: Repository, tag: str) -> None:
    """What is let through is a valid branch for git and one plain name for the file system; all else is refused."""
    try:
        check_tag(tag)
    except UsageError:
        return
    assert repository.git.ask("check-ref-format", f"refs/heads/kernel-opt/{tag}").code == 0
    assert Path(f"kernel-opt-{tag}").name == f"kernel-opt-{tag}"


@pytest.mark.parametrize("tag", ["../up", "-x", "a.lock", "a/b", "größe", "t" * 81, "", "a..b", "a."])
def test_a_tag_with_tricks_is_refused(tag: str) -> None:
    """No tag leads out of its directory or its namespace."""
    with pytest.raises(UsageError, match="cannot name a branch"):
        check_tag(tag)


@pytest.mark.parametrize("tag", ["apr16-pa-ps", "a", "v1.2_x"])
def test_a_plain_tag_passes(tag: str) -> None:
    """Letters, digits, dashes, underscores and dots inside are what people use."""
    assert check_tag(tag) == tag
