"""Checks of the programs that every run needs."""

import platform
import sys
from collections.abc import Sequence

from kernel_opt import __version__
from kernel_opt.edges.gpus.probe import Probe
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.rules.doctor import Check, fail, ok, parse_version, warn

SAFE_GIT = (2, 36)
"""From this version on git knows core.fsync: before it, a power cut may leave a broken index."""
OLDEST_GIT = (2, 31)
"""The oldest whose worktree commands do what is asked of them here."""


def check_python() -> Sequence[Check]:
    """Tell which Python runs this program."""
    told = f"kernel-opt {__version__} on Python {platform.python_version()} ({sys.executable})"
    return [ok("python", told)]


def check_git(tools: Probe | None = None) -> Sequence[Check]:
    """Tell whether git is there and new enough."""
    import os

    try:
        said = (tools or Probe(5.0, {}, os.environ)).ask(["git", "--version"]).stdout.strip()
    except ReadFailedError as error:
        return [fail("git", error.message, "install git 2.36 or newer")]
    version = parse_version(said)
    if version is None or version < OLDEST_GIT:
        return [fail("git", f"{said or 'its version cannot be told'}", "install git 2.36 or newer")]
    if version < SAFE_GIT:
        return [warn("git", f"{said} does not know core.fsync: a power cut may cost refs", "install git 2.36 or newer")]
    return [ok("git", said)]
