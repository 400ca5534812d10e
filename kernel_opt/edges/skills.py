"""Skills: those that come with kernel-opt, those of the target, laid out where an agent finds them."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from kernel_opt import __version__
from kernel_opt.edges.files import atomic_write, remove_tree
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.skill import SkillNote
from kernel_opt.rules.skill_text import read_skill_text

PLUGIN = "kernel-opt"
"""Under which name coding agents that know plugins see them."""
TARGET_FOLDERS = (".claude/skills", ".agents/skills", ".codex/skills", ".gemini/skills", ".opencode/skills", "skills")
"""Where repositories keep skills; the first that has a skill of a name wins."""
MOST_FILES, MOST_BYTES = 200, 4_000_000  # of the target's: a skill is text, and every round shows them
_DONE = "complete.json"
_SKILL = "SKILL.md"
_IN_SKILL = re.compile(r"[A-Za-z0-9][\w.-]{0,63}/.")
_FIRST = ("kernel-opt", "kernel-trace-analysis", "format-code")
"""What every round is about comes before what only some are."""


def find_shipped() -> list[SkillNote]:
    """Return the skills that come with kernel-opt, by name."""
    return _list_skills(shipped("skills"))


def lay_out_skills(repository: Repository, base: str, folder: Path) -> tuple[SkillNote, ...]:
    """Fill a folder of our own with all skills, the target's before ours of the same name; a second time does nothing.

    The target's are read from the commit that the run began with: what an agent writes there never reaches the next.
    """
    mark = json.dumps({"version": __version__, "base": base})
    done = folder / _DONE
    if not done.is_file() or done.read_text() != mark:
        remove_tree(folder)
        _copy_shipped(folder / "skills")
        _copy_targets(repository, base, folder / "skills")
        plugin = {"name": PLUGIN, "version": __version__, "description": "How to tune a GPU kernel with kernel-opt."}
        (folder / ".claude-plugin").mkdir()
        atomic_write(folder / ".claude-plugin" / "plugin.json", json.dumps(plugin).encode())
        atomic_write(done, mark.encode())
    return tuple(_list_skills(folder / "skills"))


def link_skills(skills: Iterable[Path], into: Path) -> list[str]:
    """Link skill folders into a place where an agent looks; return a line on each that was left alone."""
    into.mkdir(parents=True, exist_ok=True)
    left: list[str] = []
    for skill in skills:
        link = into / skill.name
        if link.is_symlink() and link.resolve() == skill.resolve():
            continue
        if link.exists() or link.is_symlink():
            left.append(f"{link} is there already and is not ours")
            continue
        link.symlink_to(skill, target_is_directory=True)
    return left


def _list_skills(root: Path) -> list[SkillNote]:
    notes: list[SkillNote] = []
    for path in sorted(root.glob(f"*/{_SKILL}")):
        text = read_skill_text(path.read_text(encoding="utf-8", errors="replace"))
        if text is not None and text.description:
            notes.append(SkillNote(name=path.parent.name, about=text.description, path=str(path)))
    return sorted(notes, key=lambda note: (note.name not in _FIRST, note.name))


def _copy_shipped(into: Path) -> None:
    into.mkdir(parents=True)
    for note in find_shipped():
        shutil.copytree(Path(note.path).parent, into / note.name)


def _copy_targets(repository: Repository, base: str, into: Path) -> None:
    """Copy plain files only: a link in the repository may lead anywhere."""
    owners: dict[str, str] = {}
    files: dict[str, str] = {}
    left_bytes = MOST_BYTES
    for root, rest, size in _skill_files(repository, base):
        name = rest.partition("/")[0]
        if owners.setdefault(name, root) == root and len(files) < MOST_FILES and size <= left_bytes:
            files[f"{root}/{rest}"] = rest
            left_bytes -= size
    whole = {rest.partition("/")[0] for rest in files.values() if rest.endswith(f"/{_SKILL}")}
    for name in whole:
        remove_tree(into / name)
    for path, rest in files.items():
        if rest.partition("/")[0] in whole:
            _copy_file(repository, base, path, into / rest)


def _skill_files(repository: Repository, base: str) -> Iterator[tuple[str, str, int]]:
    """Yield folder, path below it and size of each plain file of a skill, in the order of the folders."""
    entries = {path.decode(errors="surrogateescape"): entry for path, entry in repository.entries(base).items()}
    for root in TARGET_FOLDERS:
        for path, entry in sorted(entries.items()):
            rest = path.removeprefix(f"{root}/")
            if rest != path and _IN_SKILL.match(rest) and entry.mode in ("100644", "100755"):
                yield root, rest, entry.size_bytes


def _copy_file(repository: Repository, base: str, path: str, target: Path) -> None:
    content = repository.read_at(base, path)
    if content is None:
        raise ReadFailedError(f"{path} cannot be read at {base[:12]}", "repair the repository: `git fsck`")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
