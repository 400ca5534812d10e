"""Checks of the repository, its settings and who proposes."""

import os
import shutil
from collections.abc import Sequence

from kernel_opt.edges.agents.choose import choose_proposer
from kernel_opt.edges.git_refs import read_ref
from kernel_opt.edges.repository import Repository
from kernel_opt.model.settings import Settings
from kernel_opt.rules.doctor import Check, fail, ok, warn
from kernel_opt.rules.globs import matches_any

_SUBMODULE = "160000"


def check_repository(repository: Repository) -> Sequence[Check]:
    """Tell what state the repository is in."""
    commit = repository.head_commit()
    work = "uncommitted work is left alone and is no part of a run" if repository.is_dirty() else "no uncommitted work"
    found = [ok("repository", f"{repository.root} at {commit[:12]}; {work}")]
    if read_ref(repository, "refs/heads/kernel-opt") is not None:
        found.append(
            fail("branch", "there is a branch named kernel-opt", "rename it: no branch kernel-opt/T fits beside it")
        )
    modules = [path for path, entry in repository.entries(commit).items() if entry.mode == _SUBMODULE]
    if modules:
        names = ", ".join(map(os.fsdecode, modules[:5]))
        mend = "what the benchmark needs of them must come from an installation"
        found.append(warn("submodules", f"{names}: left empty in the trees that are measured", mend))
    if not os.access(repository.root.parent, os.W_OK):
        mend = "make it writable, or move the repository: a run's worktree lies beside it"
        found.append(fail("worktree", f"{repository.root.parent} is not writable", mend))
    return found


def check_benchmark(repository: Repository | None, settings: Settings | None) -> Sequence[Check]:
    """Tell whether the benchmark is at HEAD and its program is there."""
    if repository is None or settings is None:
        return []
    benchmark, commit = settings.benchmark, repository.head_commit()
    if not repository.exists_at(commit, benchmark.file):
        told = f"{benchmark.file} is not in commit {commit[:12]} (HEAD)"
        return [fail("benchmark", told, "commit it, or name the right one as benchmark.file")]
    program = benchmark.command[0]
    if "/" not in program and shutil.which(program) is None:
        return [fail("benchmark", f"{program} is not on PATH", "activate its environment, or mend benchmark.command")]
    return [ok("benchmark", f"{benchmark.file} is at HEAD, {program} is {shutil.which(program) or program}")]


def check_edits(repository: Repository | None, settings: Settings | None) -> Sequence[Check]:
    """Tell whether there is anything that a proposer may change."""
    if repository is None or settings is None:
        return []
    paths = [os.fsdecode(path) for path in repository.entries(repository.head_commit())]
    edit = settings.edit
    count = sum(
        matches_any(path, edit.allowed) is not None and matches_any(path, edit.protected) is None for path in paths
    )
    if count:
        return [ok("edits", f"{count} of {len(paths)} files may change")]
    return [fail("edits", "no file of HEAD may change", "mend edit.allowed and edit.protected")]


def check_proposer(repository: Repository | None, settings: Settings | None) -> Sequence[Check]:
    """Tell whether the proposer can be used."""
    if repository is None or settings is None:
        return []
    problem = choose_proposer(settings, repository.root).find_problem()
    if problem is not None:
        mend = "mend [agent], or name another one with `kernel-opt start --agent`"
        return [fail("proposer", f"{settings.agent.name}: {problem}", mend)]
    return [ok("proposer", settings.agent.name)]
