"""`kernel-opt pause` and `resume`: a run rests between two steps."""

from pathlib import Path

from kernel_opt.cli.runs import find_run, is_alive
from tests.cli.toy_run import Toy


def test_a_run_rests_and_goes_on(toy: Toy) -> None:
    """The wish stands as long as nobody takes it back, and the daemon lives on."""
    toy.start()
    place = find_run("t1", str(toy.repo))
    paused = toy.run("pause")
    assert (paused.returncode, paused.stderr) == (0, "")
    assert "`kernel-opt resume --tag t1` lets it go on" in paused.stdout
    assert (Path(place.wishes) / "pause").exists()
    resumed = toy.run("resume")
    assert (resumed.returncode, resumed.stdout) == (0, "run t1 goes on\n")
    assert not (Path(place.wishes) / "pause").exists()
    assert is_alive(place)


def test_what_does_not_rest_cannot_be_resumed(toy: Toy) -> None:
    """resume says so, and so does pause of a run without daemon."""
    toy.start()
    done = toy.run("resume")
    assert done.returncode == 1
    assert "run t1 is not paused" in done.stderr
    toy.run("stop")
    done = toy.run("pause")
    assert done.returncode == 1
    assert "no daemon carries out run t1 now" in done.stderr
