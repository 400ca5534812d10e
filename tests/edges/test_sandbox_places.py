"""Promises of which places a child sees."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.sandbox import bwrap_options, landlock_rules
from kernel_opt.edges.sandbox_places import access_of, find_installation, hide_homes, settle, show_programs
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel

HIDE, READ, WRITE = Access.HIDE, Access.READ, Access.WRITE
NAMES = st.lists(st.sampled_from("abc"), max_size=3).map(lambda parts: "/" + "/".join(("zz-none", *parts)))
PLACES = st.lists(st.builds(Place, NAMES, st.sampled_from(list(Access))), max_size=8)


@given(PLACES, NAMES)
def test_the_innermost_place_holds(places: list[Place], path: str) -> None:
    """What holds for a path is what the innermost place around it says, also when places that say nothing are gone."""
    kept = {place.path: place for place in settle(places)}
    said = {place.path: place.access for place in places}
    around = [path, *map(str, Path(path).parents)]
    wanted = next((said[name] for name in around if name in said), READ)
    assert (kept[path].access if path in kept else access_of(path, kept)) is wanted


@given(PLACES)
def test_outer_places_come_first(places: list[Place]) -> None:
    """A place is mounted after those around it, else it would be covered."""
    seen: list[str] = []
    for place in settle(places):
        assert not any(before.startswith(place.path.rstrip("/") + "/") for before in seen)
        seen.append(place.path)


def test_homes_are_hidden(tmp_path: Path) -> None:
    """The homes that the environment and the system name, temp folders and sockets are hidden, whoever runs this."""
    hidden = {place.path for place in hide_homes({"HOME": str(tmp_path), "TMPDIR": "relative"})}
    assert {str(tmp_path.resolve()), os.path.realpath("/tmp"), os.path.realpath(Path("~").expanduser())} <= hidden
    assert "/" not in hidden


def make_python(prefix: Path) -> Path:
    """A folder that looks like an installed Python."""
    (prefix / "lib" / "python3.11").mkdir(parents=True)
    (prefix / "lib" / "python3.11" / "os.py").touch()
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python3.11").touch(mode=0o755)
    return prefix / "bin" / "python3.11"


def test_a_virtual_environment_is_found_with_what_it_was_made_from(tmp_path: Path) -> None:
    """Of a python in an environment, the environment and its base are shown, and nothing around them."""
    base = make_python(tmp_path / "opt" / "python")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").write_text(f"include-system-site-packages = false\nhome = {base.parent}\n")
    (tmp_path / "venv" / "bin" / "python").symlink_to(base)
    found = set(find_installation(str(tmp_path / "venv" / "bin" / "python")))
    assert found == {str(tmp_path / "venv"), str(tmp_path / "opt" / "python")}


def test_a_lone_program_is_shown_alone(tmp_path: Path) -> None:
    """A link in ~/.local/bin shows the link and its file, never the folders that hold a person's things."""
    (tmp_path / ".local" / "bin").mkdir(parents=True)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "agent").touch(mode=0o755)
    link = tmp_path / ".local" / "bin" / "agent"
    link.symlink_to("../../tools/agent")
    assert set(find_installation(str(link))) == {str(link), str(tmp_path / "tools" / "agent")}


def test_links_in_a_ring_end(tmp_path: Path) -> None:
    """Links that lead to each other are told as they are, in bounded time."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert str(tmp_path / "a") in find_installation(str(tmp_path / "a"))


def test_version_managers_are_shown_whole(tmp_path: Path) -> None:
    """A shim is a script that looks for the true program in its manager's folder."""
    (tmp_path / ".pyenv" / "shims").mkdir(parents=True)
    shim = tmp_path / ".pyenv" / "shims" / "python3"
    shim.touch(mode=0o755)
    assert str(tmp_path / ".pyenv") in find_installation(str(shim))


def test_what_a_command_names_is_shown(tmp_path: Path) -> None:
    """Its program, files it names, and the folders on the lists that were passed to it."""
    script = tmp_path / "agent.py"
    script.touch()
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}/lib:relative", "VIRTUAL_ENV": f"{tmp_path}/venv"}
    shown = {place.path for place in show_programs((sys.executable, str(script), str(tmp_path)), env)}
    assert {str(script), f"{tmp_path}/lib", f"{tmp_path}/venv"} <= shown
    assert not shown & {str(tmp_path), "relative"}


def test_bubblewrap_gets_the_places_in_order(tmp_path: Path) -> None:
    """Hidden folders become memory, hidden files nothing, links stay links, the network is left out unless wished."""
    (tmp_path / "file").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "link").symlink_to("/usr/bin/env")
    places = settle(
        (
            Place(str(tmp_path / "home"), HIDE),
            Place(str(tmp_path / "home" / "link"), READ),
            Place(str(tmp_path / "file"), HIDE),
            Place(str(tmp_path / "out"), WRITE),
        )
    )
    walls = Sandbox(level=SandboxLevel.S3, places=places, devices=("/dev/kfd",), tmp_bytes=7)
    line = " ".join(bwrap_options(walls))
    assert f"--size 7 --tmpfs {tmp_path}/home" in line
    assert f"--symlink /usr/bin/env {tmp_path}/home/link" in line
    assert f"--ro-bind /dev/null {tmp_path}/file" in line
    assert f"--bind-try {tmp_path}/out {tmp_path}/out" in line
    assert "--dev-bind-try /dev/kfd /dev/kfd" in line
    assert "--unshare-net" in line
    assert "--die-with-parent" in line
    unsized = Sandbox(level=SandboxLevel.S3, places=places, sized=False, network=True)
    assert "--size" not in bwrap_options(unsized)
    assert "--unshare-net" not in bwrap_options(unsized)


def test_landlock_names_what_is_around_the_hidden(tmp_path: Path) -> None:
    """It cannot take back below what it gives above: siblings of what is hidden are opened one by one."""
    for name in ("a/hidden/inside", "a/seen", "b"):
        (tmp_path / name).mkdir(parents=True)
    places = settle(
        (Place(str(tmp_path / "a" / "hidden"), HIDE), Place(str(tmp_path / "a" / "hidden" / "inside"), WRITE))
    )
    rules = list(landlock_rules(Sandbox(level=SandboxLevel.S2, places=places)))
    opened = {path for path, access in rules if access == "r"}
    assert {str(tmp_path / "a" / "seen"), str(tmp_path / "b")} <= opened
    assert not opened & {"/", str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a" / "hidden")}
    assert (str(tmp_path / "a" / "hidden" / "inside"), "w") in rules


def test_a_user_without_an_entry_has_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container a user may have a number and nothing else."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert hide_homes({})
