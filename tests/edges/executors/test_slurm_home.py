"""Promises of sessions that wait at home: few stand in the queue, and every run may always have one there."""

from pathlib import Path
from types import MappingProxyType

from kernel_opt.edges.executors.slurm_home import Home, Waiter
from kernel_opt.edges.executors.slurm_job import JobRecord
from kernel_opt.edges.executors.slurm_queue import Job, Look
from tests.worker.conftest import Host, host

__all__ = ["host"]


class Sender:
    """A home with sessions, a clock, and what was sent off."""

    def __init__(self, host: Host, count: int, most: int = 2) -> None:
        self.now = 0.0
        self.home = Home(most, lambda: self.now)
        self.sent: list[str] = []
        self.withdrawn: list[str] = []
        self.dropped: Path | None = None
        self.problem = ""
        self.names = [f"ko-{number}" for number in range(count)]
        for name in self.names:
            record = JobRecord(name=name, ticket=f"/t/{name}.json")
            self.home.add(Waiter(directory=Path("/s") / name, request=host.make_request(), record=record))

    def submit(self, waiter: Waiter) -> str:
        self.sent.append(waiter.record.name)
        if self.dropped is not None:
            self.home.drop(self.dropped)
        return self.problem

    def look(self, *waiting: str, problem: str = "") -> None:
        """Ask the scheduler, which has these jobs waiting, and send off who may go."""
        self.now += 1.0
        jobs = {name: Job(str(number), "PENDING", "", "") for number, name in enumerate(waiting)}
        self.send(Look(self.now, MappingProxyType(jobs), problem))

    def send(self, look: Look) -> None:
        self.home.send(look, self.names, self.submit, lambda record: self.withdrawn.append(record.name))


def test_two_of_many_go(host: Host) -> None:
    """In their order; another one when one has begun."""
    sender = Sender(host, 5)
    sender.look()
    assert sender.sent == ["ko-0", "ko-1"]
    sender.look("ko-0", "ko-1")
    assert sender.sent == ["ko-0", "ko-1"]
    sender.look("ko-1")
    assert sender.sent == ["ko-0", "ko-1", "ko-2"]
    assert not sender.home.holds(Path("/s/ko-2"))
    assert sender.home.holds(Path("/s/ko-3"))


def test_a_run_may_always_have_one(host: Host) -> None:
    """However many jobs of other runs wait, this one does not starve; a second one it may not have then."""
    sender = Sender(host, 3)
    sender.look("ko-other-1", "ko-other-2", "ko-other-3")
    assert sender.sent == ["ko-0"]


def test_without_an_answer_nobody_goes(host: Host) -> None:
    """What the scheduler cannot be asked about it is not told either."""
    sender = Sender(host, 2)
    sender.look(problem="Unable to contact slurm controller")
    assert sender.sent == []


def test_a_lost_answer_is_asked_about_before_it_is_sent_again(host: Host) -> None:
    """One that stands in the queue after all is not submitted twice."""
    sender = Sender(host, 1)
    sender.problem = "Socket timed out"
    sender.look()
    assert (sender.sent, sender.home.problem) == (["ko-0"], "Socket timed out")
    sender.send(Look(sender.now))  # asked before the answer was lost
    assert sender.sent == ["ko-0"]
    sender.look("ko-0")
    assert sender.sent == ["ko-0"]
    assert not sender.home.holds(Path("/s/ko-0"))


def test_who_is_dropped_never_goes(host: Host) -> None:
    """A session whose round is gone costs the scheduler nothing."""
    sender = Sender(host, 3)
    assert sender.home.drop(Path("/s/ko-0"))
    assert not sender.home.drop(Path("/s/ko-0"))
    sender.look()
    assert sender.sent == ["ko-1", "ko-2"]
    assert sender.home.sent_s("ko-0") is None


def test_who_is_dropped_on_the_way_is_withdrawn(host: Host) -> None:
    """A session that is cancelled while its job is being submitted leaves none in the queue."""
    sender = Sender(host, 1)
    sender.dropped = Path("/s/ko-0")
    sender.look()
    assert (sender.sent, sender.withdrawn) == (["ko-0"], ["ko-0"])
