"""Promises of the walls around each kind of child of a run."""

from dataclasses import replace as changed
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from kernel_opt.edges.manifest import Changes
from kernel_opt.edges.pins import Pins, pin_inputs
from kernel_opt.edges.sandbox_places import access_of, settle
from kernel_opt.model.facts import Faulted
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel
from kernel_opt.model.settings import SandboxSettings
from kernel_opt.model.stages import Runnable, Tries
from kernel_opt.round.enclose import enclose_benchmark, enclose_proposer, enclose_tool
from kernel_opt.round.telling import tell_tampering
from tests.fakes import candidate, hypothesis, settings
from tests.round.toolbox import Box, make_box

HIDE, READ, WRITE = Access.HIDE, Access.READ, Access.WRITE


def walled(folder: Path, level: SandboxLevel = SandboxLevel.S3, **knobs: object) -> Box:
    """A box whose folder is hidden as a whole."""
    own = replace(settings(), sandbox=SandboxSettings(**knobs))
    own = replace(own, benchmark=replace(own.benchmark, csv="out/run_*.csv"))
    box = make_box(folder, own)
    base = Sandbox(level=level, places=(Place(str(folder), HIDE),))
    return changed(box, tools=changed(box.tools, sandbox=base))


def sees(walls: Sandbox | None, path: Path) -> Access:
    """What the innermost place says of a path."""
    assert walls is not None
    kept = {place.path: place for place in settle(walls.places)}
    return kept[str(path)].access if str(path) in kept else access_of(str(path), kept)


def test_without_a_sandbox_there_are_no_walls(tmp_path: Path) -> None:
    """Tools made without one start their children as they always did."""
    tools = make_box(tmp_path).tools
    assert enclose_benchmark(tools, tmp_path) is None
    assert enclose_tool(tools, tmp_path) is None
    assert enclose_proposer(tools, tmp_path, tmp_path / "brief") is None


def test_a_benchmark_writes_next_to_its_results_only(tmp_path: Path) -> None:
    """The export can be read; new files go to its root and where the table goes, and over an old table."""
    box = walled(tmp_path, write=("build",))
    tree = tmp_path / "export"
    for name in ("tests/bench.py", "out/notes.txt", "out/run_1.csv", "k.py"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    walls = enclose_benchmark(box.tools, tree, tmp_path / "home")
    assert {name: sees(walls, tree / name) for name in ("tests/bench.py", "k.py", "out/notes.txt")} == {
        "tests/bench.py": READ,
        "k.py": READ,
        "out/notes.txt": READ,
    }
    assert [sees(walls, tree / name) for name in ("new", "out/run_1.csv", "out/run_2.csv", "build/x")] == [WRITE] * 4
    assert sees(walls, tmp_path / "home" / "x") is WRITE
    assert [sees(walls, path) for path in (box.tree, tmp_path / "repo", tmp_path / "state")] == [HIDE] * 3
    assert walls is not None
    assert not walls.network


def test_results_anywhere_open_the_whole_export(tmp_path: Path) -> None:
    """Where a table may be written is up to the settings."""
    box = walled(tmp_path)
    own = replace(box.tools.settings, benchmark=replace(box.tools.settings.benchmark, csv="**/run.csv"))
    (tmp_path / "export" / "tests").mkdir(parents=True)
    walls = enclose_benchmark(changed(box.tools, settings=own), tmp_path / "export")
    assert sees(walls, tmp_path / "export" / "tests" / "run.csv") is WRITE


def test_built_inputs_are_shown_where_they_belong(tmp_path: Path) -> None:
    """An input of the user's checkout is seen in the export, read-only, and the rest of the checkout is not."""
    box = walled(tmp_path)
    (tmp_path / "repo" / "lib.so").write_bytes(b"code")
    pins = Pins(tmp_path / "repo", pin_inputs(tmp_path / "repo", ("lib.so",)), bound=True)
    tree = tmp_path / "export"
    pins.put_into(tree)
    walls = enclose_benchmark(changed(box.tools, pins=pins), tree)
    assert walls is not None
    assert Place(str(tree / "lib.so"), READ, str(tmp_path / "repo" / "lib.so")) in settle(walls.places)


def test_tools_work_on_the_worktree_without_its_repository(tmp_path: Path) -> None:
    """A check sees no repository; a formatter may read it, and neither can write there."""
    box = walled(tmp_path)
    folder, git = tmp_path / "state" / "check", box.tools.repository.common_dir
    checked, formatted = enclose_tool(box.tools, folder), enclose_tool(box.tools, folder, reads_history=True)
    assert sees(checked, box.tree / "k.py") is sees(formatted, box.tree / "k.py") is WRITE
    assert (sees(checked, box.tree / ".git"), sees(checked, git / "config")) == (HIDE, HIDE)
    assert (sees(formatted, box.tree / ".git"), sees(formatted, git / "config")) == (READ, READ)


def test_a_proposer_gets_its_worktree_and_what_the_settings_name(tmp_path: Path) -> None:
    """Network, worktree and its own folder; the brief only to read; no repository and no state."""
    (tmp_path / "login").touch()
    box = walled(tmp_path, agent_show=(str(tmp_path / "login"),), agent_write=(str(tmp_path / "session"),))
    folder = tmp_path / "state" / "propose-1"
    walls = enclose_proposer(box.tools, folder, folder / "brief.md", tmp_path / "state" / "agents")
    assert walls is not None
    assert walls.network
    assert walls.devices == ()
    writable = (box.tree / "k.py", folder / "proposal.json", tmp_path / "state" / "agents" / "x", tmp_path / "session")
    assert [sees(walls, path) for path in writable] == [WRITE] * 4
    assert [sees(walls, path) for path in (folder / "brief.md", tmp_path / "login")] == [READ] * 2
    hidden = (box.tree / ".git", box.tools.repository.common_dir / "config", tmp_path / "state" / "journal.db")
    assert [sees(walls, path) for path in hidden] == [HIDE] * 3


@pytest.mark.parametrize(
    ("commit", "changes", "level", "kind"),
    [
        ("mine", Changes(("tests/bench.py",)), SandboxLevel.S3, Refused),
        ("mine", Changes((), ("/usr/lib/python3/torch.py",)), SandboxLevel.S1, Refused),
        ("mine", Changes((), ("/usr/lib/python3/torch.py",)), SandboxLevel.S3, Faulted),
        ("best", Changes(("tests/bench.py",)), SandboxLevel.S3, Faulted),
        ("mine", Changes(), SandboxLevel.S1, type(None)),
    ],
)
def test_changed_files_are_told_by_who_can_have_changed_them(
    tmp_path: Path, commit: str, changes: Changes, level: SandboxLevel, kind: type
) -> None:
    """The candidate is refused for what only it can have done; behind a wall, and for best, it is the machine's."""
    box = walled(tmp_path, level)
    stage = Runnable(hypothesis(), replace(candidate(), commit="mine"), Tries())
    bench = SimpleNamespace(changes=changes, gpu_s=1.0)
    told = tell_tampering(commit, bench, box.state(stage=stage), box.tools)
    assert isinstance(told, kind)
    if isinstance(told, Refused):
        assert (told.rule, told.cheat) == ("tampered-files", True)
        assert changes.inside[:1] == () or changes.inside[0] in told.why
