"""Promises of the walls of one life of the daemon."""

import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.daemon.begin import Wish, prepare
from kernel_opt.daemon.plan import read_plan
from kernel_opt.daemon.walls import raise_walls
from kernel_opt.edges.sandbox_base import Modules, ask_interpreter, require_level
from kernel_opt.edges.sandbox_places import access_of, settle
from kernel_opt.edges.sandbox_probe import FoundSandbox
from kernel_opt.model.errors import UsageError
from kernel_opt.model.sandbox import Access, SandboxLevel
from kernel_opt.model.settings import SandboxSettings
from tests.cli.toy_run import Toy
from tests.round.toolbox import make_box

S1, S2, S3 = SandboxLevel.S1, SandboxLevel.S2, SandboxLevel.S3


def test_a_machine_that_cannot_hold_enough_is_refused() -> None:
    """The level there would be, the one that is asked for, and why there is no more, in one sentence."""
    found = FoundSandbox(S1, sized=False, missing=("S3: bubblewrap (bwrap) is not installed", "S2: none"))
    with pytest.raises(UsageError, match=r"would be S1 .* S2 is required: S3: bubblewrap .* is not installed"):
        require_level(SandboxSettings(require=S2), found)
    with pytest.raises(UsageError, match=r"sandbox\.level allows S1 at most"):
        require_level(SandboxSettings(level=S1, require=S3), FoundSandbox(S3, sized=True, missing=()))
    require_level(SandboxSettings(), found)


def test_what_is_the_runs_own_is_hidden(tmp_path: Path) -> None:
    """State of all runs, repository, worktree and leases are out of sight, also where something around is shown."""
    box = make_box(tmp_path)
    own = replace(box.tools.settings, sandbox=SandboxSettings(show=(str(tmp_path),)))
    directory = tmp_path / "states" / "repo" / "t1"
    directory.mkdir(parents=True)
    place = box.tools.place._replace(directory=str(directory))
    walls = raise_walls(own, place, box.tools.repository, {"PATH": os.environ["PATH"]}, {})
    kept = {one.path: one for one in settle(walls.sandbox.places)}
    for path in (directory, box.tree, box.tools.repository.root, box.tools.repository.common_dir):
        assert access_of(f"{path}/x", kept) is Access.HIDE
    assert access_of(f"{tmp_path}/other", kept) is Access.READ
    assert walls.pins is None


def test_an_interpreter_tells_where_its_modules_are(tmp_path: Path) -> None:
    """Prefixes, path, and what editable installations lead to; of these only the installation itself is protected."""
    (tmp_path / "checkout").mkdir()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "checkout")}
    found = ask_interpreter(sys.executable, environ)
    shown = {place.path for place in found.places}
    assert {sys.prefix, sys.base_prefix, str(tmp_path / "checkout")} <= shown
    assert any(path.endswith("site-packages") for path in found.installed)
    assert str(tmp_path / "checkout") not in found.installed


@pytest.mark.parametrize("script", ["exit 3", "echo no JSON", "echo '[1]'"])
def test_a_program_that_tells_nothing_is_no_trouble(tmp_path: Path, script: str) -> None:
    """Another program, a broken interpreter, or none at all: nothing is known, and that is all."""
    (tmp_path / "python9").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "python9").chmod(0o755)
    assert ask_interpreter(str(tmp_path / "python9"), {}) == Modules()
    assert ask_interpreter("bash", {"PATH": os.environ["PATH"]}) == Modules()
    assert ask_interpreter("no-such-program", {"PATH": os.environ["PATH"]}) == Modules()


def test_start_can_ask_for_a_level(toy: Toy) -> None:
    """What the command line asks for is the run's for life."""
    place, _ = prepare(Wish(tag="t1", repo=toy.repo, require_sandbox="S1"))
    assert read_plan(Path(place.directory)).settings["sandbox"]["require"] == "S1"
    with pytest.raises(UsageError, match="settings for life"):
        prepare(Wish(tag="t1", repo=toy.repo, resume=True, require_sandbox="S1"))


def test_a_missing_input_is_refused_at_the_start(toy: Toy) -> None:
    """Nothing is made when a built input that the settings name is not there."""
    toy.settings.write_text(toy.settings.read_text() + '\n[tree]\ninputs = ["build/lib.so"]\n')
    with pytest.raises(UsageError, match=r"tree\.inputs names build/lib\.so, which is not there"):
        prepare(Wish(tag="t1", repo=toy.repo))
    assert not list(toy.state.glob("*/*"))
