"""The commits of a run, read with GitPython: reading only, in a short scope, so that no helper process stays."""

from dataclasses import dataclass

from kernel_opt.edges.git_settings import git_environ
from kernel_opt.edges.repository import Repository


@dataclass(frozen=True, slots=True)
class PastCommit:
    """One commit on the run's branch."""

    sha: str
    at_s: float
    subject: str


def read_history(repository: Repository, base: str, tip: str) -> tuple[PastCommit, ...]:
    """Return the commits after ``base`` up to ``tip``, oldest first."""
    # Loading GitPython costs more than all git calls of a round.
    from git import Repo

    # GitPython adds to the environment and takes nothing away: what could point elsewhere is set to the right place.
    environ = {
        "GIT_DIR": str(repository.common_dir),
        "GIT_OBJECT_DIRECTORY": str(repository.common_dir / "objects"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    with Repo(repository.common_dir) as repo, repo.git.custom_environment(**git_environ(environ)):
        walk = repo.iter_commits(f"{base}..{tip}", reverse=True)
        return tuple(PastCommit(commit.hexsha, float(commit.committed_date), str(commit.summary)) for commit in walk)
