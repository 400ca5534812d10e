"""Promises of built inputs: the same ones in every export, or no measuring at all."""

import os
from pathlib import Path

import pytest

from kernel_opt.edges.pins import Pins, hash_input, pin_inputs
from kernel_opt.model.errors import InfrastructureError, UsageError
from kernel_opt.model.sandbox import Access, Place


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "python" / "_mlir").mkdir(parents=True)
    (root / "python" / "_mlir" / "lib.so").write_bytes(b"code")
    (root / "python" / "_mlir" / "link.so").symlink_to("lib.so")
    (root / "one.so").write_bytes(b"other code")
    return root


INPUTS = ("python/_mlir", "one.so")


def test_the_hash_is_of_names_modes_links_and_contents(checkout: Path) -> None:
    """Every change that a loader could notice changes the hash, and nothing else does."""
    seen = {hash_input(checkout, "python/_mlir")}
    folder = checkout / "python" / "_mlir"
    os.utime(folder / "lib.so", ns=(5, 5))
    assert hash_input(checkout, "python/_mlir") in seen
    for act in (
        lambda: (folder / "lib.so").write_bytes(b"evil"),
        lambda: (folder / "lib.so").chmod(0o755),
        lambda: (folder / "lib.so").rename(folder / "b.so"),
        lambda: ((folder / "link.so").unlink(), (folder / "link.so").symlink_to("b.so")),
        (folder / "empty").mkdir,
    ):
        act()
        now = hash_input(checkout, "python/_mlir")
        assert now not in seen
        seen.add(now)


@pytest.mark.parametrize("name", ["../outside", "/etc", ".", "missing"])
def test_strange_inputs_are_refused(checkout: Path, name: str) -> None:
    """An input is inside the checkout and there, or the run does not begin."""
    with pytest.raises(UsageError, match=r"tree\.inputs"):
        pin_inputs(checkout, (name,))


def test_what_is_no_file_cannot_be_pinned(checkout: Path) -> None:
    """A pipe in an input is told, and nobody waits for it."""
    os.mkfifo(checkout / "python" / "pipe")
    with pytest.raises(InfrastructureError, match="no plain file"):
        pin_inputs(checkout, ("python",))


def test_without_mounts_each_export_gets_a_copy(checkout: Path, tmp_path: Path) -> None:
    """Files and folders stand where they belong, links as links, and are no second name of the user's own."""
    pins = Pins(checkout, pin_inputs(checkout, INPUTS), bound=False)
    tree = tmp_path / "tree"
    (tree / "python" / "_mlir").mkdir(parents=True)
    pins.put_into(tree)
    assert (tree / "python" / "_mlir" / "link.so").read_bytes() == b"code"
    assert (tree / "one.so").read_bytes() == b"other code"
    assert (tree / "one.so").stat().st_nlink == 1
    assert pins.places(tree) == ()


def test_with_mounts_there_is_a_place_for_each(checkout: Path, tmp_path: Path) -> None:
    """The export has something to mount over, and the sandbox is told what."""
    pins = Pins(checkout, pin_inputs(checkout, INPUTS), bound=True)
    tree = tmp_path / "tree"
    pins.put_into(tree)
    assert (tree / "python" / "_mlir").is_dir()
    assert (tree / "one.so").read_bytes() == b""
    assert pins.places(tree) == tuple(Place(str(tree / name), Access.READ, str(checkout / name)) for name in INPUTS)


def test_a_change_stops_the_measuring(checkout: Path, tmp_path: Path) -> None:
    """An input that was built anew since the run began is an error with what to do; taken back it is fine again."""
    pins = Pins(checkout, pin_inputs(checkout, INPUTS), bound=False)
    pins.put_into(tmp_path / "first")
    (checkout / "one.so").write_bytes(b"built anew")
    with pytest.raises(InfrastructureError, match=r"one\.so of tree\.inputs has changed since the run began"):
        pins.put_into(tmp_path / "second")
    (checkout / "one.so").write_bytes(b"other code")
    pins.put_into(tmp_path / "third")
    (checkout / "one.so").unlink()
    with pytest.raises(InfrastructureError, match=r"one\.so"):
        pins.put_into(tmp_path / "fourth")


def test_what_is_committed_needs_no_input(checkout: Path, tmp_path: Path) -> None:
    """An input that the commit has as well would hide what is under test."""
    pins = Pins(checkout, pin_inputs(checkout, ("one.so",)), bound=False)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "one.so").write_text("committed")
    with pytest.raises(InfrastructureError, match="is in the commit already"):
        pins.put_into(tmp_path / "tree")
