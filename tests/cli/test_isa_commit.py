"""``kernel-opt isa COMMIT`` compiles a commit as the settings say; doctor tells which builds can be made."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_opt.cli.doctor_builders import check_builders
from kernel_opt.cli.main import main
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import read_settings
from tests.edges.builders.test_build import COMPILER
from tests.edges.toy_repository import make_repository, user_git

SETTINGS = f"""
[benchmark]
command = ["{sys.executable}", "tests/kernels/test_pa.py"]
file = "tests/kernels/test_pa.py"
csv = "out.csv"
metric = "us"
[[compile.builds]]
name = "b16"
builder = "command"
command = ["{sys.executable}", "{COMPILER}"]
targets = ["gfx942"]
"""
SHELL_OUT = "import os; assert os.system(os.environ['CC'] + ' -O1 -c -o k.o kernels/k.c') == 0"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A toy with one build."""
    made = make_repository(tmp_path / "repo")
    (made.root / "kernel-opt.toml").write_text(SETTINGS)
    return made


def isa(repository: Repository, *words: str) -> int:
    """Call the verb."""
    return main(["isa", "--repo", str(repository.root), *words])


def test_a_commit_is_compiled(repository: Repository, capsys) -> None:
    """Its kernels are told as those of a file are."""
    assert isa(repository, "HEAD") == 0
    out = capsys.readouterr().out
    assert "pa (gfx942" in out
    assert "from         b16 for gfx942!pa.s" in out


def test_two_commits_are_compared(repository: Repository, capsys) -> None:
    """What changed from one to the other."""
    (repository.root / "kernels/pa.py").write_text("VGPR = 130\n")
    user_git(repository.root, "commit", "--quiet", "--message=more", "kernels/pa.py")
    assert isa(repository, "--diff", "HEAD~1", "HEAD") == 0
    assert "vgpr: 64 -> 130 (+66)" in capsys.readouterr().out


def test_what_was_not_built_is_a_note(repository: Repository, capsys) -> None:
    """With the reason; where nothing was built at all there is nothing to show."""
    other = SETTINGS.partition("[[compile")[2].replace('"b16"', '"b64"').replace(str(COMPILER), "nosuch.py")
    (repository.root / "kernel-opt.toml").write_text(f"{SETTINGS}[[compile{other}")
    assert isa(repository, "HEAD") == 0
    assert "note: b64 for gfx942: refused: " in capsys.readouterr().out
    (repository.root / "kernels/pa.py").write_text("REFUSED = 1\n")
    user_git(repository.root, "commit", "--quiet", "--message=bad", "kernels/pa.py")
    assert isa(repository, "--diff", "HEAD~1", "HEAD") == 1
    told = capsys.readouterr().err
    assert "nothing of HEAD was compiled: b16 for gfx942: refused: kernels/pa.py:1: error: no such layout; b64" in told


def test_code_for_the_processor_is_told_in_notes(repository: Repository, capsys) -> None:
    """Of both sides, where they differ."""
    compiled = f"""
[[compile.builds]]
name = "host"
builder = "cc"
command = ["{sys.executable}", "-c", "{SHELL_OUT}"]
"""
    (repository.root / "kernel-opt.toml").write_text(f"{SETTINGS}{compiled}")
    (repository.root / "kernels/k.c").write_text("int f(int a) { return a; }\n")
    user_git(repository.root, "add", "kernels/k.c")
    user_git(repository.root, "commit", "--quiet", "--message=c")
    (repository.root / "kernels/k.c").write_text("int f(int a) { return a * 7 + 3; }\n")
    user_git(repository.root, "commit", "--quiet", "--all", "--message=more")
    assert isa(repository, "--diff", "HEAD~1", "HEAD") == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(" instructions")[0].rpartition(" ")[0] for line in told[-2:]] == [
        "note: HEAD~1: host: f:",
        "note: HEAD: host: f:",
    ]


def test_neither_file_nor_commit(repository: Repository, capsys) -> None:
    """Both are said, and a repository without builds is."""
    assert isa(repository, "nosuch") != 0
    assert "no such commit" in capsys.readouterr().err
    assert isa(replace(repository, root=repository.root.parent), "nosuch.s") != 0
    assert "there is no file or folder 'nosuch.s', and " in capsys.readouterr().err
    (repository.root / "kernel-opt.toml").write_text(SETTINGS.partition("[[compile")[0])
    assert isa(repository, "HEAD") != 0
    assert "has no [[compile.builds]]" in capsys.readouterr().err


def test_doctor_tells_of_each_build(repository: Repository) -> None:
    """Whether it can be made, and what to install."""
    settings = read_settings(repository.root / "kernel-opt.toml")
    (found,) = check_builders(repository, settings)
    assert (found.name, found.level.value) == ("build b16", "ok")
    (repository.root / "kernel-opt.toml").write_text(SETTINGS.replace('"command"\n', '"flydsl"\n'))
    (lacking,) = check_builders(repository, read_settings(repository.root / "kernel-opt.toml"))
    assert (lacking.level.value, lacking.mend) == ("warn", "pip install flydsl numpy")
    (repository.root / "kernel-opt.toml").write_text(SETTINGS.partition("[[compile")[0])
    (none,) = check_builders(repository, read_settings(repository.root / "kernel-opt.toml"))
    assert "no build is configured" in none.told
    assert check_builders(None, None) == []
