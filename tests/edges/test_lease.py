"""Promises of the lease: one holder per card on this host, freed whatever happens to it, and no trap for anybody."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.edges import lease
from kernel_opt.edges.lease import LEASE_DIR_VARIABLE, holder, lease_dir, take
from kernel_opt.model.errors import InfrastructureError
from tests.edges.waiting import wait_until

KEY = "0000:c1:00.0"


@pytest.fixture(autouse=True)
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lease directory of this test."""
    monkeypatch.setenv(LEASE_DIR_VARIABLE, str(tmp_path / "leases"))
    return tmp_path / "leases"


def hold(key: str = KEY) -> lease.Lease:
    """Take a lease that must be free."""
    taken = take(key, {"tag": "mha-fwd"})
    assert taken is not None
    return taken


def test_one_card_one_holder() -> None:
    """A card that is held is refused, also to the same process, and free again once let go."""
    with hold():
        assert take(KEY, {}) is None
    hold().release()


def test_cards_are_apart() -> None:
    """Two cards are two leases."""
    with hold(), hold("0000:c2:00.0"):
        assert holder(KEY) is not None


def test_a_free_card_has_no_holder() -> None:
    """Nobody holds a card never taken, nor one let go of."""
    assert holder(KEY) is None
    hold().release()
    assert holder(KEY) is None


def test_the_holder_is_told() -> None:
    """Who holds a card is told with its process and its run."""
    with hold():
        told = holder(KEY)
    assert told is not None
    assert (told["pid"], told["tag"]) == (os.getpid(), "mha-fwd")


@pytest.mark.parametrize("note", [b"", b"{half", b"[1]", b"\xff"])
def test_an_unreadable_note_is_still_a_holder(leases: Path, note: bytes) -> None:
    """The lock decides, not what stands in the file."""
    with hold():
        next(leases.iterdir()).write_bytes(note)
        assert holder(KEY) == {}


def test_letting_go_twice_is_harmless() -> None:
    """A second release does not close what somebody else has opened since."""
    taken = hold()
    taken.release()
    with hold():
        taken.release()
        assert holder(KEY) is not None


def test_a_killed_holder_frees_its_card() -> None:
    """SIGKILL to the holder frees the card, though a child it had started lives on."""
    code = (
        "import subprocess,time\n"
        "from kernel_opt.edges.lease import take\n"
        f"held = take({KEY!r}, {{}})\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        child = int(other.stdout.readline())
        assert holder(KEY) is not None
        other.kill()
        wait_until(lambda: holder(KEY) is None, "the card is free")
        os.kill(child, 9)


def test_any_key_is_one_file(leases: Path) -> None:
    """A key with slashes or dots names a file in the directory and no other place."""
    with hold("../../etc/a b"), hold("ä"):
        assert all(path.parent == leases for path in leases.iterdir())
    assert len(list(leases.iterdir())) == 2


def test_any_user_can_take_the_card_next(leases: Path) -> None:
    """The lock file can be opened by every user, whatever umask its maker had."""
    before = os.umask(0o077)
    try:
        hold().release()
    finally:
        os.umask(before)
    assert stat.S_IMODE(next(leases.iterdir()).stat().st_mode) == 0o666


def test_links_are_not_followed(leases: Path, tmp_path: Path) -> None:
    """A link that waits under the name of a lock is refused, and what it points to stays as it was."""
    hold().release()
    path = next(leases.iterdir())
    path.unlink()
    (tmp_path / "precious").write_text("precious")
    path.symlink_to(tmp_path / "precious")
    with pytest.raises(InfrastructureError, match="cannot be opened"):
        take(KEY, {})
    path.unlink()
    os.link(tmp_path / "precious", path)
    with pytest.raises(InfrastructureError, match="plain file"):
        take(KEY, {})
    assert (tmp_path / "precious").read_text() == "precious"


def test_other_kinds_of_files_do_not_block(leases: Path) -> None:
    """A pipe that waits under the name of a lock is refused at once."""
    hold().release()
    path = next(leases.iterdir())
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InfrastructureError, match="plain file"):
        holder(KEY)


def test_the_shared_directory_is_open_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a wish the first place open to everybody is taken, and the directory there is open to everybody."""
    closed, shared = tmp_path / "closed", tmp_path / "shared"
    closed.mkdir(mode=0o755)
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.delenv(LEASE_DIR_VARIABLE)
    monkeypatch.setattr(lease, "_BASES", (str(tmp_path / "none"), str(closed), str(shared)))
    assert lease_dir() == shared / "kernel-opt"
    assert lease_dir() == shared / "kernel-opt"
    assert stat.S_IMODE((shared / "kernel-opt").stat().st_mode) == 0o1777


def test_a_trap_in_the_shared_place_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link or a directory closed to others under our name is not used; with nothing left that is told."""
    tmp_path.chmod(0o1777)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "kernel-opt").symlink_to(tmp_path / "elsewhere")
    monkeypatch.delenv(LEASE_DIR_VARIABLE)
    monkeypatch.setattr(lease, "_BASES", (str(tmp_path),))
    with pytest.raises(InfrastructureError, match=LEASE_DIR_VARIABLE):
        lease_dir()


def test_a_wish_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease directory that cannot be made is told with the variable that names it."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(LEASE_DIR_VARIABLE, str(tmp_path / "file" / "leases"))
    with pytest.raises(InfrastructureError, match=LEASE_DIR_VARIABLE):
        lease_dir()
