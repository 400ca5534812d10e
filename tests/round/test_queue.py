"""What a round makes of a scheduler that grants nothing: a look without a card, unless somebody wants otherwise."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as change

from kernel_opt.edges.executors.choose import make_executor
from kernel_opt.edges.places import read_queue
from kernel_opt.model.executor_settings import ExecutorSettings, SlurmSettings
from kernel_opt.model.facts import NoIdleGpu, Paused, StopAsked
from kernel_opt.model.settings import GateSettings
from kernel_opt.model.state import RunState
from kernel_opt.round.session import open_bench
from tests.executors.fake_slurm import FakeSlurm
from tests.fakes import settings
from tests.round.toolbox import Box, make_box


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """Tools on a cluster whose only job waits for ever."""
    (tmp_path / "slurm").mkdir()
    monkeypatch.setenv("PATH", FakeSlurm(tmp_path / "slurm").install())
    limits = change(
        settings(),
        executor=ExecutorSettings(kind="slurm"),
        slurm=SlurmSettings(shared_dir=str(tmp_path / "shared"), poll_s=0.0),
        gate=GateSettings(interval_s=0.3),
    )
    made = make_box(tmp_path, limits)
    executor = make_executor(limits, made.tools.place)
    made.tools = replace(made.tools, executor=executor)
    yield made
    executor.close()


def state(box: Box) -> RunState:
    return RunState(tag="t1", base=box.base)


def test_a_job_that_waits_is_a_look_without_a_card(box: Box) -> None:
    """Its reason is the scheduler's, and the time in the queue is told."""
    folder = box.tools.fresh_folder(1, "bench")
    fact = open_bench(folder, state(box), box.tools, 60.0)
    assert isinstance(fact, NoIdleGpu)
    assert "PENDING (Resources)" in fact.why[0]
    (said,) = read_queue(box.tools.place)
    assert said["session"] == "0001/bench-1"
    assert "PENDING (Resources)" in said["text"] or "waits at home" in said["text"]
    assert fact.waited_s >= 0.3


@pytest.mark.parametrize(("wish", "kind"), [("stopper", StopAsked), ("paused", Paused)])
def test_people_are_heard_while_a_job_waits(box: Box, wish: str, kind: type) -> None:
    """A stop or a pause takes the job out of the queue at once."""
    setattr(box.wishes, wish, "a person" if wish == "stopper" else True)
    fact = open_bench(box.tools.fresh_folder(1, "bench"), state(box), box.tools, 60.0)
    assert isinstance(fact, kind)
    assert (Path(box.tools.place.directory).parent / "slurm" / "jobs").read_text() == ""


def test_workers_are_told_where_folders_really_are(box: Box, tmp_path: Path) -> None:
    """The journal names them below the state directory all the same."""
    folder = box.tools.fresh_folder(7, "measure")
    assert folder.is_relative_to(tmp_path / "shared")
    assert box.tools.relative(folder) == "rounds/0007/measure-1"
    assert box.tools.relative(box.tools.folder / "journal.db") == "journal.db"
