"""Promises of a measuring session, carried out in this very process with all orders given beforehand."""

import hashlib
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from kernel_opt.edges import lease
from kernel_opt.edges.lease_wants import Wants
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import CANCEL, REQUEST, RESULT, WORKER, WorkerMark, answer_path, order_path
from kernel_opt.edges.session_records import (
    PROTOCOL,
    Granted,
    Order,
    PlatformChoice,
    RunAnswer,
    RunOrder,
    RunOutcome,
    SessionOutcome,
    SessionRequest,
    SessionResult,
)
from kernel_opt.worker.session import carry_out
from tests.worker.conftest import FACTORY, Host


@pytest.fixture(autouse=True)
def keep_signal():
    """Put the handler back that a session sets for itself."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def hold(host: Host, *orders: RunOrder, **rest: object) -> tuple[SessionResult, list[RunAnswer]]:
    """Hold a session with these orders and an end, and return its result and the answers."""
    return hold_request(host, host.make_request(**rest), *orders)


def hold_request(host: Host, request: object, *orders: RunOrder) -> tuple[SessionResult, list[RunAnswer]]:
    """Hold a session with this request."""
    directory = host.root / "session"
    (directory / "orders").mkdir(parents=True)
    write_record(directory / REQUEST, request)
    for number, order in enumerate((*orders, None), 1):
        write_record(order_path(directory, number), Order(run=order))
    result = carry_out(directory)
    assert read_record(directory / RESULT, SessionResult) == result
    answers = [read_record(answer_path(directory, number), RunAnswer) for number in range(1, len(orders) + 1)]
    return result, [answer for answer in answers if answer is not None]


def test_a_run_is_answered_with_its_files(host: Host) -> None:
    """A run that ends well is answered with its time, its log, and what it wrote, each file with its digest."""
    result, (answer,) = hold(host, host.make_order(1, "echo said; echo 12 >result.csv"))
    assert result == SessionResult(outcome=SessionOutcome.OK, worker_stays=True)
    assert (answer.outcome, answer.exit_code, answer.signal) == (RunOutcome.OK, 0, None)
    (file,) = answer.files
    content = (host.root / "session" / file.path).read_bytes()
    assert content == b"12\n"
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert (file.origin, file.bytes) == ("result.csv", 3)
    assert (host.root / "session" / str(answer.log)).read_text() == "said\n"
    assert answer.wall_s is not None
    assert not (host.root / "tree" / "result.csv").exists()


def test_an_old_file_is_never_this_runs(host: Host) -> None:
    """A CSV that lay there before is named as stale and left; only one that was written is taken."""
    (host.root / "tree").mkdir()
    (host.root / "tree" / "old.csv").write_text("0.1\n")
    _, (first, second) = hold(host, host.make_order(1, "true"), host.make_order(2, "echo 2 >old.csv"))
    assert (first.files, first.stale) == ((), ("old.csv",))
    assert ([file.origin for file in second.files], second.stale) == (["old.csv"], ())


def test_the_child_sees_its_card_only(host: Host) -> None:
    """A run gets the order's environment as the platform binds it to the leased card, and the daemon is told how."""
    host.set_cards({"use_pct": 90.0}, {})
    order = host.make_order(1, 'echo "$FAKE_CARD $FAKE_MASK $OWN"', env={"OWN": "1", "FAKE_MASK": "7"})
    hold(host, order)
    granted = read_record(answer_path(host.root / "session", 0), Granted)
    assert granted is not None
    assert (granted.card.card, granted.lease_key) == (1, "fake-0000:01:00.0")
    assert granted.env["FAKE_CARD"] == "1"
    assert (host.root / "session/runs/0001/candidate.log").read_text() == "1  1\n"


@pytest.mark.parametrize(
    ("script", "outcome", "exit_code", "number"),
    [
        ("exit 3", RunOutcome.FAILED, 3, None),
        ("kill -SEGV $$", RunOutcome.FAILED, None, signal.SIGSEGV),
        ("sleep 600", RunOutcome.STEP_TIMEOUT, None, signal.SIGKILL),
    ],
)
def test_a_bad_end_is_told_as_it_was(
    host: Host, script: str, outcome: RunOutcome, exit_code: int | None, number: int | None
) -> None:
    """A failing run is told by its exit code or signal; one over its limit as that; the session goes on."""
    result, answers = hold(host, host.make_order(1, script, timeout_s=0.5), host.make_order(2, "true"))
    assert (answers[0].outcome, answers[0].exit_code, answers[0].signal) == (outcome, exit_code, number)
    assert answers[1].outcome is RunOutcome.OK
    assert result.outcome is SessionOutcome.OK


def test_a_silent_run_is_stalled(host: Host) -> None:
    """A run that prints nothing for too long is told as stalled."""
    _, (answer,) = hold(host, host.make_order(1, "sleep 600", no_output_s=0.2))
    assert answer.outcome is RunOutcome.STALLED


def test_a_command_that_cannot_start_is_no_bad_kernel(host: Host) -> None:
    """A missing program is a set-up error with a sentence, not a failed run."""
    _, (answer,) = hold(host, host.make_order(1, "", argv=("no-such-program",)))
    assert answer.outcome is RunOutcome.SETUP_ERROR
    assert "no-such-program" in answer.detail
    assert answer.wall_s is None


def test_a_run_directory_is_never_used_twice(host: Host) -> None:
    """An order for a run directory that is there already is refused, so that no two runs are mixed."""
    _, (_, second) = hold(host, host.make_order(1, "true"), host.make_order(1, "true"))
    assert second.outcome is RunOutcome.SETUP_ERROR


def test_no_idle_card_is_busy(host: Host) -> None:
    """With no idle card the result says busy and the reason for every card; nothing runs."""
    host.set_cards({"use_pct": 80.0}, {"use_pct": None}, {"users": [4711]})
    result, answers = hold(host, host.make_order(1, "true"))
    assert result.outcome is SessionOutcome.BUSY_GPU
    assert answers == []
    assert [why.partition(":")[0] for why in result.why] == ["card 0", "card 1", "card 2"]
    assert "unknown" in result.why[1]
    assert "4711" in result.why[2]


def test_cards_that_cannot_be_read_are_busy(host: Host) -> None:
    """When the readings fail, no card is idle and the failure is the reason."""
    host.set_cards({}, fail="the tool says no")
    result, _ = hold(host)
    assert (result.outcome, "the tool says no" in result.why[0]) == (SessionOutcome.BUSY_GPU, True)


def test_a_host_without_cards_is_busy(host: Host) -> None:
    """No card at all is told so."""
    host.set_cards()
    assert hold(host)[0].why == ("this host has no card",)


def test_a_look_that_hangs_is_bounded(host: Host) -> None:
    """A status tool that hangs makes the cards unknown, not the worker stuck."""
    host.set_cards({}, hang_s=2)
    result, _ = hold(host, read_limit_s=0.1)
    assert result.outcome is SessionOutcome.BUSY_GPU
    assert "longer than 0.1 s" in result.why[0]


def test_a_leased_card_is_passed_over(host: Host) -> None:
    """A card another session holds is left alone: the next idle one is taken."""
    host.set_cards({}, {"use_pct": 1.0})
    with lease.take("fake-0000:00:00.0", {"tag": "other"}) or pytest.fail("the lease is free"):
        hold(host, host.make_order(1, "true"))
    granted = read_record(answer_path(host.root / "session", 0), Granted)
    assert granted is not None
    assert granted.card.card == 1


def test_all_cards_leased_is_busy(host: Host) -> None:
    """When other sessions hold every idle card, the result names who holds them."""
    with lease.take("fake-0000:00:00.0", {"tag": "mha-fwd"}) or pytest.fail("the lease is free"):
        result, _ = hold(host)
    assert result.outcome is SessionOutcome.BUSY_GPU
    assert f"leased by pid {os.getpid()} (run mha-fwd)" in result.why[0]


def test_the_next_card_is_left_to_a_run_that_waits_and_holds_fewer(host: Host) -> None:
    """A run with a card of its own leaves it; one without takes it, and so does any when nobody waits."""
    host.set_cards({}, {})
    own = {"tag": "me", "run": host.make_request().owner_lock}
    wants = Wants("/another/run/lock")
    wants.begin(1, 600.0)
    assert hold(host)[0].outcome is SessionOutcome.OK
    shutil.rmtree(host.root / "session")
    with lease.take("fake-0000:00:00.0", own) or pytest.fail("the lease is free"):
        result, _ = hold(host)
        assert result.outcome is SessionOutcome.BUSY_GPU
        assert "another one that holds fewer waits for the next" in result.why[-1]
        shutil.rmtree(host.root / "session")
        wants.end(1)
        assert hold(host)[0].outcome is SessionOutcome.OK


def test_the_lease_is_let_go_at_the_end(host: Host) -> None:
    """After a session its card is free again."""
    hold(host, host.make_order(1, "true"))
    assert lease.holder("fake-0000:00:00.0") is None


def write_cards(host: Host, text: str) -> str:
    """Return shell lines that change the cards while a run lasts, and let the worker see it."""
    return f"sleep 0.3; echo '{text}' >{host.root}/cards.next; mv {host.root}/cards.next {host.root}/cards; sleep 0.5"


def test_a_neighbour_disturbs_a_run(host: Host) -> None:
    """A process that is not ours on our card makes the run disturbed, however well it ended."""
    script = write_cards(host, '[{"users": [999999]}]') + f"; echo '[{{}}]' >{host.root}/cards"
    _, (answer,) = hold(host, host.make_order(1, script))
    assert (answer.outcome, answer.exit_code) == (RunOutcome.DISTURBED, 0)
    assert "999999" in answer.disturbances[0]


def test_a_load_that_stays_disturbs_this_run_and_the_next(host: Host) -> None:
    """A card still busy when our child has gone disturbs the run, and the next one is not even started."""
    orders = host.make_order(1, write_cards(host, '[{"use_pct": 70.0}]')), host.make_order(2, "echo ran")
    _, (first, second) = hold(host, *orders)
    assert first.outcome is RunOutcome.DISTURBED
    assert (second.outcome, second.wall_s, second.log) == (RunOutcome.DISTURBED, None, None)
    assert "70 %" in second.disturbances[0]


def test_a_card_unknown_afterwards_is_disturbed(host: Host) -> None:
    """When the card cannot be read after a run, nobody can say that it was quiet: disturbed."""
    _, (answer,) = hold(host, host.make_order(1, write_cards(host, '{"fail": "gone", "cards": []}')))
    assert answer.outcome is RunOutcome.DISTURBED
    assert answer.after is not None
    assert answer.after.problem == "gone"


def test_a_vanished_card_is_disturbed(host: Host) -> None:
    """A card that is not among the readings any more was not quiet."""
    _, (answer,) = hold(host, host.make_order(1, write_cards(host, "[]")))
    assert answer.outcome is RunOutcome.DISTURBED
    assert answer.after is not None
    assert answer.after.problem == "the card is gone"


def test_another_card_at_the_same_address_is_disturbed(host: Host) -> None:
    """The chip's own id must stay what it was when the card was taken: a reset or a new partition may swap them."""
    host.set_cards({"unique_id": "0xa"})
    swap = write_cards(host, '[{"unique_id": "0xb"}]')
    _, (same, answer) = hold(host, host.make_order(1, "true"), host.make_order(2, swap))
    assert same.outcome is RunOutcome.OK
    assert answer.outcome is RunOutcome.DISTURBED
    assert answer.after is not None
    assert answer.after.problem == "another card answers at this address"


def test_a_cancelled_session_ends_its_run(host: Host) -> None:
    """The marker file ends the run under way and the session, and both say so."""
    script = f"touch {host.root}/session/{CANCEL}; sleep 600"
    result, (answer,) = hold(host, host.make_order(1, script))
    assert answer.outcome is RunOutcome.CANCELLED
    assert result.outcome is SessionOutcome.CANCELLED


def test_a_daemon_that_is_gone_ends_the_session(host: Host) -> None:
    """Without its daemon a worker takes no card."""
    host.drop_owner_lock()
    assert hold(host, host.make_order(1, "true")) == (SessionResult(outcome=SessionOutcome.OWNER_GONE), [])


def test_no_order_for_long_lets_the_card_go(host: Host) -> None:
    """A session nobody gives orders to ends by itself."""
    directory = host.root / "session"
    directory.mkdir()
    write_record(directory / REQUEST, host.make_request(idle_order_s=0.05))
    assert carry_out(directory).outcome is SessionOutcome.IDLE
    assert lease.holder("fake-0000:00:00.0") is None


def test_another_protocol_is_refused(host: Host) -> None:
    """A request of another protocol is refused by name, whatever else it holds."""
    result, _ = hold_request(host, {"protocol": PROTOCOL + 1, "brand_new": True})
    assert result.outcome is SessionOutcome.PROTOCOL_MISMATCH
    assert f"protocol {PROTOCOL + 1}" in result.why[0]


@pytest.mark.parametrize(
    "request_record",
    [{"protocol": PROTOCOL}, {"protocol": PROTOCOL, "id": 5}],
    ids=["incomplete", "wrong type"],
)
def test_a_bad_request_is_a_setup_error(host: Host, request_record: object) -> None:
    """A request that is not one is told in a sentence."""
    result, _ = hold_request(host, request_record)
    assert result.outcome is SessionOutcome.SETUP_ERROR
    assert "SessionRequest" in result.why[0]


@pytest.mark.parametrize("factory", ["no.such.module:f", "tests.worker.fake_platform:no_such", FACTORY])
def test_a_platform_that_does_not_open_is_a_setup_error(host: Host, factory: str) -> None:
    """A platform that cannot be imported, found or called is told by its name."""
    result, _ = hold(host, platform=PlatformChoice(factory=factory, options={"odd": 1}))
    assert result.outcome is SessionOutcome.SETUP_ERROR
    assert factory in result.why[0]


def test_a_broken_order_ends_the_session(host: Host) -> None:
    """An order that is none ends the session with a sentence instead of a guess."""
    directory = host.root / "session"
    (directory / "orders").mkdir(parents=True)
    write_record(directory / REQUEST, host.make_request())
    write_record(order_path(directory, 1), {"dance": True})
    result = carry_out(directory)
    assert result.outcome is SessionOutcome.SETUP_ERROR
    assert "dance" in result.why[0]


def test_the_worker_says_who_it_is(host: Host) -> None:
    """A session's directory tells which process carries it out."""
    hold(host)
    mark = read_record(host.root / "session" / WORKER, WorkerMark)
    assert mark is not None
    assert mark.pid == os.getpid()


def test_a_request_survives_its_file(host: Host, tmp_path: Path) -> None:
    """What a daemon writes is what the worker reads."""
    request = host.make_request(last_used={"card": 1.5})
    write_record(tmp_path / "r.json", request)
    assert read_record(tmp_path / "r.json", SessionRequest) == request


def wait_for_looks(host: Host, count: int) -> str:
    """Return shell lines that wait until so many more looks at the cards were taken."""
    size = f"$(wc -c <{host.root}/looks)"
    return f"want=$(({size} + {count})); until [ {size} -ge $want ]; do sleep 0.01; done"


def test_what_was_seen_under_load_is_told(host: Host) -> None:
    """Clock under load, busiest look and throttling go with the answer, though the card sleeps before and after."""
    host.set_cards({"sclk_mhz": 131.0}, count=True)
    loaded = '{"cards": [{"use_pct": 97.0, "sclk_mhz": 2100.0, "throttled": true}], "count": true}'
    asleep = '{"cards": [{"sclk_mhz": 131.0}], "count": true}'
    put = f"cat >{host.root}/cards.next; mv {host.root}/cards.next {host.root}/cards"
    script = f"echo '{loaded}' | {{ {put}; }}; {wait_for_looks(host, 4)}; echo '{asleep}' | {{ {put}; }}"
    _, (answer, short) = hold(host, host.make_order(1, script), host.make_order(2, "true"))
    assert answer.outcome is RunOutcome.OK
    seen = answer.under_load
    assert seen is not None
    assert (seen.clock_mhz, seen.lowest_mhz, seen.highest_mhz, seen.throttled) == (2100.0, 2100.0, 2100.0, True)
    assert (seen.busiest.use_pct, seen.busiest.sclk_mhz) == (97.0, 2100.0)
    assert answer.after is not None
    assert answer.after.sclk_mhz == 131.0
    # However slow this host: no look saw the card at work in the second run.
    assert short.under_load is None or short.under_load.clock_mhz is None


@pytest.mark.parametrize("setting", ["power_cap_w", "perf_level"])
def test_a_setting_changed_and_put_back_disturbs(host: Host, setting: str) -> None:
    """Who changes power cap or performance level in the middle of a run spoils it, also when nothing is left of it."""
    before, meanwhile = {"power_cap_w": (750.0, 500.0), "perf_level": ("auto", "low")}[setting]
    host.set_cards({setting: before}, count=True)
    states = [json.dumps({"cards": [{setting: value}], "count": True}) for value in (meanwhile, before)]
    put = f"cat >{host.root}/cards.next; mv {host.root}/cards.next {host.root}/cards"
    script = f"echo '{states[0]}' | {{ {put}; }}; {wait_for_looks(host, 2)}; echo '{states[1]}' | {{ {put}; }}"
    _, (answer,) = hold(host, host.make_order(1, script))
    assert answer.outcome is RunOutcome.DISTURBED
    assert f"changed from {before} to {meanwhile}" in answer.disturbances[0]
