"""A child sees an allowlist and places of its own."""

from pathlib import Path

import pytest

from kernel_opt.edges.environment import CACHES, KEPT, child_environment

USER = {
    "PATH": "/usr/bin",
    "LANG": "de_DE.UTF-8",
    "HOME": "/home/user",
    "API_KEY": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "SSH_AUTH_SOCK": "/run/agent",
    "LD_PRELOAD": "/evil.so",
    "LD_LIBRARY_PATH": "/opt/rocm/lib",
    "PYTHONPATH": "/elsewhere",
    "PYTHONSTARTUP": "/evil.py",
    "HIP_VISIBLE_DEVICES": "3",
    "TRITON_CACHE_DIR": "/home/user/.triton",
    "GIT_DIR": "/repo/.git",
}


def test_nothing_passes_that_is_not_listed(tmp_path: Path) -> None:
    """No secret, no preload, no hook of the interpreter, no place of the user's."""
    env = child_environment(tmp_path, base=USER)
    assert "secret" not in env.values()
    own = {"HOME", "TMPDIR", *CACHES, "PYTHONNOUSERSITE", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"}
    assert set(env) == own | {"PATH", "LANG"}
    assert (env["PATH"], env["LANG"]) == ("/usr/bin", "de_DE.UTF-8")
    assert set(KEPT).isdisjoint({"HOME", "LD_LIBRARY_PATH", "PYTHONPATH"})


def test_home_temp_and_caches_are_its_own(tmp_path: Path) -> None:
    """Every place is a folder that is there, below the given one, and none is shared with another."""
    env = child_environment(tmp_path / "deep" / "home", base=USER)
    places = [Path(env[name]) for name in ("HOME", "TMPDIR", *CACHES)]
    assert all(place.is_dir() and place.is_relative_to(tmp_path) for place in places)
    assert len(set(places)) == len(places)
    assert all(not list(place.iterdir()) for place in places)
    other = child_environment(tmp_path / "other", base=USER)
    assert set(other.values()).isdisjoint(map(str, places))


def test_what_is_asked_for_passes(tmp_path: Path) -> None:
    """By name, when the user has it; the private places stay private, and what is set for all runs wins."""
    env = child_environment(tmp_path, ("API_KEY", "NO_SUCH", "HOME"), {"SPLIT": "2", "LANG": "C"}, USER)
    assert (env["API_KEY"], env["SPLIT"], env["LANG"]) == ("secret", "2", "C")
    assert "NO_SUCH" not in env
    assert env["HOME"] == str(tmp_path / "home")


def test_the_same_for_best_and_candidate(tmp_path: Path) -> None:
    """Two environments differ in their places alone."""
    first, second = (child_environment(tmp_path / name, base={}) for name in "ab")
    assert first.keys() == second.keys()
    assert {name: value.replace("/a/", "/b/") for name, value in first.items()} == second
    assert first["LANG"] == "C.UTF-8"


def test_without_another_base_it_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's own variables, through the same list."""
    monkeypatch.setenv("PATH", "/here")
    monkeypatch.setenv("API_KEY", "secret")
    env = child_environment(tmp_path)
    assert env["PATH"] == "/here"
    assert "API_KEY" not in env
