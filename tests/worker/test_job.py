"""Promises of a session as a job: one worker for a ticket, on a node that can hold what runs there."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import REQUEST, Ticket, answer_path, order_path
from kernel_opt.edges.session_records import Granted, Order, Scheduler, SessionOutcome
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.reading import Reading
from kernel_opt.model.sandbox import SandboxLevel
from kernel_opt.worker import site
from kernel_opt.worker.job import claim, find_node
from kernel_opt.worker.owner import Owner, Signs
from kernel_opt.worker.probe import look_around
from kernel_opt.worker.session import carry_out
from tests.worker.conftest import Host


def scheduler(host: Host, **rest: object) -> Scheduler:
    (host.root / "signs").write_text("0")
    return Scheduler(**{"signs": str(host.root / "signs"), "silence_s": 60.0, "one_card": True} | rest)


def test_only_one_worker_gets_a_ticket(tmp_path: Path) -> None:
    """Two jobs with one ticket, after a lost answer to sbatch for instance, are one session."""
    write_record(tmp_path / "t.json", Ticket(directory="/s"))
    with ThreadPoolExecutor(8) as jobs:
        claimed = list(jobs.map(lambda _: claim(tmp_path / "t.json", wait_s=0.0), range(8)))
    assert [ticket for ticket in claimed if ticket is not None] == [Ticket(directory="/s")]


def test_a_ticket_that_is_being_written_anew_is_waited_for(tmp_path: Path) -> None:
    """A job may begin in the moment in which its place is given to another session."""
    path = tmp_path / "t.json"
    later = threading.Timer(0.05, lambda: write_record(path, Ticket(directory="/s2")))
    later.start()
    assert claim(path, wait_s=20.0) == Ticket(directory="/s2")
    later.join()


def test_a_nodes_name_is_the_schedulers() -> None:
    """A host's own name may be another one."""
    assert find_node({"SLURMD_NODENAME": "gpu-17"}) == "gpu-17"
    assert find_node({}) == os.uname().nodename


def test_only_new_signs_are_signs(host: Host) -> None:
    """Clocks of hosts differ: it counts when the number was seen to change, and a file that is away changes nothing."""
    now = [100.0]
    signs = Signs(scheduler(host, silence_s=10.0), lambda: now[0])
    assert signs.are_fresh()
    now[0] = 109.0
    assert signs.are_fresh()
    (host.root / "signs").unlink()
    now[0] = 117.0
    assert signs.are_fresh()
    now[0] = 119.0
    assert not signs.are_fresh()
    (host.root / "signs").write_text("7")
    now[0] = 121.0
    assert signs.are_fresh()


def test_a_daemon_without_signs_is_gone(host: Host) -> None:
    """Neither its lock nor its parenthood count on another host."""
    host.drop_owner_lock()
    request = host.make_request(scheduler=scheduler(host))
    assert Owner(host.root, request).find_reason_to_end() is None
    request = host.make_request(scheduler=scheduler(host, silence_s=0.0))
    assert Owner(host.root, request).find_reason_to_end() is SessionOutcome.OWNER_GONE


def test_the_same_address_on_two_nodes_is_two_cards(host: Host) -> None:
    """The card that was granted is told with its node."""
    directory = host.root / "session"
    (directory / "orders").mkdir(parents=True)
    write_record(directory / REQUEST, host.make_request(scheduler=scheduler(host)))
    write_record(order_path(directory, 1), Order(run=None))
    assert carry_out(directory, "n7").outcome is SessionOutcome.OK
    granted = read_record(answer_path(directory, 0), Granted)
    assert granted is not None
    assert granted.lease_key == "n7/fake-0000:00:00.0"


def test_a_node_with_lower_walls_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a card is taken, and with what to do."""
    found = site.probe_sandbox()
    monkeypatch.setattr(site, "probe_sandbox", lambda: type(found)(SandboxLevel.S1, sized=False, missing=("no bwrap",)))
    directory = host.root / "session"
    directory.mkdir()
    write_record(directory / REQUEST, host.make_request(scheduler=scheduler(host), level=SandboxLevel.S3))
    result = carry_out(directory, "n7")
    assert result.outcome is SessionOutcome.SETUP_ERROR
    assert "cannot hold children at S3: no bwrap" in result.why[0]


def test_a_job_that_sees_the_cards_of_others_is_refused() -> None:
    """Nothing would keep it off them; what a mask hides is not seen."""
    cards = [Reading(card=number, source="t", at_s=0.0) for number in range(2)]
    hidden = Reading(card=2, source="t", at_s=0.0, withheld="hidden by ROCR_VISIBLE_DEVICES=0")
    site.require_one_card([cards[0], hidden], {"SLURM_JOB_GPUS": "3"})
    site.require_one_card(cards, {"SLURM_JOB_GPUS": "3,4"})
    for environ in ({"SLURM_JOB_GPUS": "3"}, {}):
        with pytest.raises(InfrastructureError, match="granted 1 of the cards, but sees 2"):
            site.require_one_card(cards, environ)


def test_a_probe_tells_what_is_here(host: Host) -> None:
    """Its node, Python, walls and cards; a platform that cannot be opened is told in words."""
    choice = host.make_request().platform
    report = look_around(choice)
    assert report.cards == ("0000:00:00.0",)
    assert report.problem == ""
    assert report.python.startswith("3.")
    broken = look_around(type(choice)(factory="no.such:thing"))
    assert (broken.cards, "no.such" in broken.problem or "No module" in broken.problem) == ((), True)
