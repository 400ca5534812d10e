"""Small repositories to run against, and git as a user calls it."""

import os
import subprocess
from pathlib import Path

from kernel_opt.edges.repository import Repository

USER = {
    "GIT_AUTHOR_NAME": "User",
    "GIT_AUTHOR_EMAIL": "user@example.org",
    "GIT_COMMITTER_NAME": "User",
    "GIT_COMMITTER_EMAIL": "user@example.org",
    # Fixed, so that the same steps give the same commits in every test.
    "GIT_AUTHOR_DATE": "@1600000000 +0000",
    "GIT_COMMITTER_DATE": "@1600000000 +0000",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
FILES = {
    "kernels/pa.py": "TILE = 16\n",
    "kernels/größe & co.py": "x = 1\n",
    "tests/kernels/test_pa.py": "print('ok')\n",
    "build.sh": "echo build\n",
    "README": "toy\n",
}


def user_git(root: Path, *args: str, check: bool = True) -> str:
    """Call git as the user would, and return what it printed."""
    command = ["git", "-c", "protocol.file.allow=always", "-c", f"safe.directory={root}", *args]
    environ = {**os.environ, **USER}
    return subprocess.run(command, cwd=root, check=check, capture_output=True, text=True, env=environ).stdout


def make_repository(root: Path) -> Repository:
    """Make a repository with one commit."""
    root.mkdir(parents=True)
    user_git(root, "init", "--quiet", "--initial-branch=main")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "build.sh").chmod(0o755)
    (root / "latest").symlink_to("kernels/pa.py")
    (root / ".gitignore").write_text("*.pyc\nout/\n")
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--message=base")
    return Repository.find(root)


def files_below(root: Path) -> dict[str, tuple[str, bytes]]:
    """What a reader sees below ``root``: kind and bytes of every path, git's own left out."""
    seen: dict[str, tuple[str, bytes]] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name == ".git" or name.startswith(".git/"):
            continue
        if path.is_symlink():
            seen[name] = ("link", os.fsencode(path.readlink()))
        elif path.is_file():
            seen[name] = ("program" if path.stat().st_mode & 0o100 else "file", path.read_bytes())
    return seen
