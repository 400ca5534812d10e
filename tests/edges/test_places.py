"""Each run has one directory, found again from any shell."""

from pathlib import Path

import pytest

from kernel_opt.edges.places import (
    NAME_CHARS,
    QUEUE,
    RunPlace,
    list_runs,
    place_run,
    read_about,
    read_queue,
    state_root,
    write_about,
)
from kernel_opt.model.errors import ReadFailedError


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own."""
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_where_state_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's wish, else the desktop's convention, else home; a relative convention is none."""
    monkeypatch.setenv("HOME", "/home/user")
    monkeypatch.delenv("KERNEL_OPT_STATE", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert state_root() == "/home/user/.local/state/kernel-opt"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_root() == "/home/user/.local/state/kernel-opt"
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert state_root() == "/var/state/kernel-opt"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERNEL_OPT_STATE", "here")
    assert state_root() == str(tmp_path / "here")


def test_a_place_belongs_to_one_repository_and_tag(tmp_path: Path, state: Path) -> None:
    """Two repositories of one name do not meet; a link to a repository is that repository."""
    for name in ("a/repo", "b/repo"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/repo")
    one, two, same = (place_run(str(tmp_path / name), "t", "/tree") for name in ("a/repo", "b/repo", "link"))
    assert one.directory != two.directory
    assert one == same
    assert one.directory.startswith(f"{state}/repo-")
    for place in (one.lock, one.log, one.wishes, one.round_folder(7)):
        assert place.startswith(one.directory + "/")
    assert one.round_folder(7).endswith("/rounds/0007")


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("name", ["ein ö & co", "x" * 250, "-"])
def test_any_repository_name_makes_a_directory(name: str, tmp_path: Path) -> None:
    """Spaces, umlauts and length are taken out of it."""
    (tmp_path / name).mkdir()
    folder = Path(place_run(str(tmp_path / name), "t", "/tree").directory)
    folder.mkdir(parents=True)
    assert len(folder.parent.name) <= NAME_CHARS + 11
    assert folder.parent.name.isascii()


@pytest.mark.usefixtures("state")
def test_the_root_of_all_files_has_a_name_too() -> None:
    """A repository at / is strange, not impossible."""
    assert "/repository-" in place_run("/", "t", "/tree").directory


def test_a_run_is_found_by_its_note(tmp_path: Path, state: Path) -> None:
    """Written whole or not at all, read as it was, also with a path that is no text."""
    places = [place_run(str(tmp_path), tag, f"/tr\udcffee-{tag}") for tag in ("b", "a")]
    for place in places:
        Path(place.directory).mkdir(parents=True)
        write_about(place)
        assert read_about(place.directory) == place
        assert sorted(path.name for path in Path(place.directory).iterdir()) == ["run.json"]
    Path(state, "other", "empty").mkdir(parents=True)
    Path(state, "file").write_text("")
    assert list_runs() == sorted(places)


@pytest.mark.usefixtures("state")
def test_one_run_that_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    """It is listed by the name of its directory, with what is wrong with it."""
    broken, sound = (place_run(str(tmp_path), tag, f"/tree-{tag}") for tag in ("a", "b"))
    for place in (broken, sound):
        Path(place.directory).mkdir(parents=True)
        write_about(place)
    Path(broken.directory, "run.json").write_text("{")
    first, second = list_runs()
    assert second == sound
    assert (first.directory, first.tag) == (broken.directory, "a")
    assert "run.json cannot be read" in first.problem


def test_no_state_is_no_runs(state: Path) -> None:
    """Before the first start, and where a file is in the way."""
    assert list_runs() == []
    state.write_text("")
    assert list_runs() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"tag": "t"}', "null", "\udcff"])
def test_a_note_that_is_none_is_told(text: str, tmp_path: Path) -> None:
    """With its path and a question to the person."""
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ReadFailedError, match=r"run.json cannot be read: .*; is this a run's state directory\?"):
        read_about(str(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "7", "[7]", '[{"text": "x"}]', "\udcff"])
def test_a_queue_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    """It is written for people to look at, and may be of another version."""
    place = RunPlace(str(tmp_path), "t1", "", "")
    assert read_queue(place) == ()
    (tmp_path / QUEUE).write_text(text, errors="surrogateescape")
    assert read_queue(place) == ()
    (tmp_path / QUEUE).write_text('[{"session": "0001/bench-1", "text": "job 7 PENDING"}]')
    assert read_queue(place) == ({"session": "0001/bench-1", "text": "job 7 PENDING"},)
