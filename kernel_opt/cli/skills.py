"""``kernel-opt skills``: the skills that come with kernel-opt, for a person's own coding agent."""

import argparse
import os
import sys
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb

_EXAMPLES = """examples:
  kernel-opt skills list                             what there is, and where it lies
  kernel-opt skills install --agent claude           links below ~/.claude/skills
  kernel-opt skills install --agent gemini --repo .  links below .gemini/skills of this repository

Inside a round the daemon shows them to the agent by itself; nothing needs to be installed for that, and nothing is
written into the worktree. What stands in the way of a link is left alone and named (exit code 1).
"""

USERS = {"claude": ("CLAUDE_CONFIG_DIR", ".claude"), "codex": ("CODEX_HOME", ".codex")}
"""Agents with a place of the user's for skills: the variable that names it, and where it is without."""
IN_REPOSITORY = {
    "claude": ".claude/skills", "codex": ".codex/skills", "gemini": ".gemini/skills", "opencode": ".opencode/skills",
    "agents": ".agents/skills",
}  # fmt: skip
"""Where each looks in a repository; "agents" is what several look at."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "skills", "list the skills that come along, or install them", _EXAMPLES)
    deeds = parser.add_subparsers(dest="deed", metavar="list|install", required=True)
    shown = deeds.add_parser("list", help="what there is")
    shown.add_argument("--json", action="store_true", help="print JSON")
    install = deeds.add_parser("install", help="link them where a coding agent looks")
    install.add_argument("--agent", required=True, choices=sorted(IN_REPOSITORY), help="which one")
    install.add_argument("--repo", type=Path, metavar="DIR", help="for one repository (default: for you)")


def run(args: argparse.Namespace) -> int:
    """List, or link."""
    from kernel_opt.edges.skills import find_shipped, link_skills

    notes = find_shipped()
    if args.deed == "install":
        place = find_place(args.agent, args.repo)
        left = link_skills([Path(note.path).parent for note in notes], place)
        print(f"{len(notes) - len(left)} of {len(notes)} skills are in {place}")
        for line in left:
            print(f"left alone: {line}", file=sys.stderr)
        return 1 if left else 0
    if args.json:
        import msgspec

        print(msgspec.json.encode(notes).decode())
        return 0
    for note in notes:
        print(f"{note.name}\n    {note.about}\n    {note.path}")
    return 0


def find_place(agent: str, repository: Path | None) -> Path:
    """Return the folder in which an agent looks for skills."""
    from kernel_opt.model.errors import UsageError

    if repository is not None:
        if not repository.is_dir():
            raise UsageError(f"{repository} is no folder", "name the repository with --repo")
        return repository / IN_REPOSITORY[agent]
    if agent not in USERS:
        raise UsageError(f"{agent} has no place of yours for skills", "name a repository with --repo")
    variable, usual = USERS[agent]
    home = os.environ.get(variable)
    return (Path(home) if home else Path.home() / usual) / "skills"
