"""Skills lie where an agent finds them: ours, the target's before ours, and never anything that an edit put there."""

import json
from pathlib import Path

import pytest

from kernel_opt.edges import skills
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.shipped import shipped
from kernel_opt.edges.skills import find_shipped, lay_out_skills, link_skills
from kernel_opt.rules.skill_text import find_problems
from tests.edges.toy_repository import make_repository, user_git

SHIPPED = sorted(path.parent.name for path in shipped("skills").glob("*/SKILL.md"))
HEAD = "---\nname: {name}\ndescription: {about}\n---\n\nbody\n"


def commit(repository: Repository, files: dict[str, str]) -> str:
    """Add files as the user would; the commit they are in."""
    for name, text in files.items():
        path = repository.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    user_git(repository.root, "add", "--all")
    user_git(repository.root, "commit", "--quiet", "--message=skills")
    return repository.head_commit()


def skill(name: str, about: str = "the target's") -> str:
    return HEAD.format(name=name, about=about)


@pytest.mark.parametrize("name", SHIPPED)
def test_ours_are_valid(name: str) -> None:
    """By the public specification, and every file that one refers to is there."""
    folder = shipped("skills") / name
    text = (folder / "SKILL.md").read_text()
    assert find_problems(name, text) == ()
    for line in text.split("](")[1:]:
        link = line.partition(")")[0]
        assert "://" in link or (folder / link).is_file(), link


def test_what_comes_along() -> None:
    """How to work in a round, how to read a trace, how to format, and what is known of the hardware."""
    names = [note.name for note in find_shipped()]
    assert sorted(names) == SHIPPED
    assert names[:3] == ["format-code", "kernel-opt", "kernel-trace-analysis"]
    assert all(note.about and Path(note.path).is_file() for note in find_shipped())


def test_they_are_laid_out_as_a_plugin(tmp_path: Path) -> None:
    """With references and all; a second time nothing is written, another version or base lays them out afresh."""
    repository, folder = make_repository(tmp_path / "repo"), tmp_path / "skills"
    base = repository.head_commit()
    notes = lay_out_skills(repository, base, folder)
    assert sorted(note.name for note in notes) == SHIPPED
    assert json.loads((folder / ".claude-plugin" / "plugin.json").read_text())["name"] == skills.PLUGIN
    assert (folder / "skills/kernel-trace-analysis/references/stalls.md").is_file()
    mark = folder / "skills" / "mine"
    mark.mkdir()
    assert lay_out_skills(repository, base, folder) == notes
    assert mark.exists()
    lay_out_skills(repository, commit(repository, {"x": "y"}), folder)
    assert not mark.exists()


def test_the_targets_own_are_preferred(tmp_path: Path) -> None:
    """Where it has one of that name; those it has besides come too, whatever their heads say more."""
    repository = make_repository(tmp_path / "repo")
    base = commit(
        repository,
        {
            ".claude/skills/kernel-trace-analysis/SKILL.md": skill("kernel-trace-analysis"),
            ".claude/skills/kernel-trace-analysis/scripts/read.py": "print()\n",
            ".agents/skills/kernel-trace-analysis/SKILL.md": skill("kernel-trace-analysis", "the second"),
            ".agents/skills/tune/SKILL.md": skill("tune").replace("---\n\n", "allowed-tools: Read,Edit\n---\n\n"),
            ".claude/skills/no-head/SKILL.md": "text\n",
            ".claude/skills/no-skill/notes.md": "text\n",
            ".claude/skills/README.md": "text\n",
        },
    )
    notes = {note.name: note for note in lay_out_skills(repository, base, tmp_path / "skills")}
    assert set(notes) == {*SHIPPED, "tune"}
    assert notes["kernel-trace-analysis"].about == "the target's"
    folder = Path(notes["kernel-trace-analysis"].path).parent
    assert sorted(path.name for path in folder.rglob("*")) == ["SKILL.md", "read.py", "scripts"]


def test_only_what_the_run_began_with_counts(tmp_path: Path) -> None:
    """Later commits and the worktree are an agent's; a link may lead anywhere and is no skill."""
    repository = make_repository(tmp_path / "repo")
    (repository.root / ".claude/skills/leak").mkdir(parents=True)
    (repository.root / ".claude/skills/leak/SKILL.md").symlink_to("/etc/passwd")
    base = commit(repository, {})
    commit(repository, {".claude/skills/planted/SKILL.md": skill("planted")})
    notes = lay_out_skills(repository, base, tmp_path / "skills")
    assert sorted(note.name for note in notes) == SHIPPED
    assert not (tmp_path / "skills/skills/leak").exists()


def test_too_much_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A skill is text: a repository cannot fill the disk with every run."""
    repository = make_repository(tmp_path / "repo")
    monkeypatch.setattr(skills, "MOST_BYTES", 300)
    big = {".claude/skills/a/SKILL.md": skill("a"), ".claude/skills/a/data.bin": "x" * 400}
    notes = lay_out_skills(repository, commit(repository, big), tmp_path / "skills")
    assert "a" in {note.name for note in notes}
    assert not (tmp_path / "skills/skills/a/data.bin").exists()


def test_links_leave_alone_what_is_there(tmp_path: Path) -> None:
    """Ours are made once; a folder or another link in the way is named and stays."""
    ours = [tmp_path / "from" / name for name in ("a", "b", "c")]
    for path in ours:
        path.mkdir(parents=True)
    into = tmp_path / "into"
    (into / "b").mkdir(parents=True)
    (into / "c").symlink_to(tmp_path / "gone")
    left = link_skills(ours, into)
    assert [line.partition(" ")[0] for line in left] == [str(into / "b"), str(into / "c")]
    assert (into / "a").readlink() == ours[0]
    assert link_skills(ours[:1], into) == []
