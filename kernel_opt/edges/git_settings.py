"""The environment and the settings under which git is called: nobody else's programs, prompts or rewrites."""

import os
from collections.abc import Mapping

_WHO = "kernel-opt"
_ENVIRON = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    # A replaced object would show other bytes than those that are committed.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_AUTHOR_NAME": _WHO,
    "GIT_AUTHOR_EMAIL": f"{_WHO}@localhost",
    "GIT_COMMITTER_NAME": _WHO,
    "GIT_COMMITTER_EMAIL": f"{_WHO}@localhost",
    "LC_ALL": "C",
}
_CONFIG = (
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    f"core.excludesFile={os.devnull}",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    # Without it a power cut left refs, objects and index unreadable in 5 of 5 tries.
    "core.fsync=all",
    # These two guard other systems' file names, and would make one odd name of a hostile tree stop us.
    "core.protectNTFS=false",
    "core.protectHFS=false",
    "core.quotePath=false",
    "core.splitIndex=false",
    "index.sparse=false",
    "worktree.useRelativePaths=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "advice.graftFileDeprecated=false",
    # The repository may belong to somebody else; nothing of it is executed, so that is no danger.
    "safe.directory=*",
)
GIT_OPTIONS = tuple(part for setting in _CONFIG for part in ("-c", setting))


def git_environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for git: ours, and nothing of git's from outside."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**outside, **_ENVIRON, **(extra or {})}
