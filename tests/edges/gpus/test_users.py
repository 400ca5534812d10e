"""Processes on cards: told where it can be known, in doubt where it cannot."""

from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus.users import Process, attribute_users
from kernel_opt.model.reading import GpuUser, Reading

GIB = 2**30


def readings(*used_gib: int | None) -> list[Reading]:
    return [
        Reading(card=card, source="rocm-smi", at_s=0.0, vram_used_bytes=None if used is None else used * GIB)
        for card, used in enumerate(used_gib)
    ]


def users_of(found: tuple[Reading, ...]) -> list[tuple[int, ...] | None]:
    return [None if reading.users is None else tuple(user.pid for user in reading.users) for reading in found]


def test_a_missing_table_proves_nothing():
    """Without a process table nobody is known to be there, and nobody is known not to be."""
    assert users_of(attribute_users(readings(0, 0), None)) == [None, None]


def test_rows_without_card_and_memory_do_not_count():
    """Monitors that only have the driver open leave every card free, also when their VRAM reads as unknown."""
    idlers = [Process(1, "monitor", 0, 0), Process(2, "unknown", 0, None)]
    assert users_of(attribute_users(readings(0, 0), idlers)) == [(), ()]


def test_a_process_on_every_card_is_on_each():
    """As many cards as there are means all of them; with one card there is no choice either."""
    assert users_of(attribute_users(readings(9, 9), [Process(7, "train", 2, 8 * GIB)])) == [(7,), (7,)]
    assert users_of(attribute_users(readings(9), [Process(7, "train", 1, None)])) == [(7,)]


def test_memory_tells_where_a_process_is():
    """A process on one card is on the only one that has as much in use; the others are free of it."""
    found = attribute_users(readings(34, 0, 1), [Process(7, "train", 1, 33 * GIB)])
    assert users_of(found) == [(7,), (), ()]
    assert found[0].users == (GpuUser(7, "train", 33 * GIB),)


def test_doubt_is_told_where_it_is():
    """Where two cards could hold a process both are in doubt, with its name; a third is not."""
    found = attribute_users(readings(34, 0, 60), [Process(7, "train", 1, 33 * GIB)])
    assert users_of(found) == [None, (), None]
    assert found[0].problem == "pid 7 (train) may be on it"


def test_a_known_user_outweighs_doubt():
    """A card with one user for certain tells that user, whoever else may be on it."""
    both = [Process(7, "train", 2, 8 * GIB), Process(8, "unknown", None, None)]
    assert users_of(attribute_users(readings(9, 9), both)) == [(7,), (7,)]
    assert users_of(attribute_users(readings(9), [Process(8, "unknown", None, None)])) == [None]


def test_numbers_that_contradict_each_other_leave_every_card_in_doubt():
    """A process with more memory than any card has in use could be anywhere."""
    assert users_of(attribute_users(readings(1, 2), [Process(7, "train", 1, 50 * GIB)])) == [None, None]


PROCESSES = st.builds(
    Process,
    st.integers(1, 9999),
    st.text(max_size=3),
    st.one_of(st.none(), st.integers(0, 5)),
    st.one_of(st.none(), st.integers(0, 100 * GIB)),
)


@given(st.lists(st.one_of(st.none(), st.integers(0, 90)), min_size=1, max_size=5), st.lists(PROCESSES, max_size=5))
def test_a_busy_process_is_never_lost(used: list[int | None], processes: list[Process]):
    """Every process that holds something is either on a card or puts one in doubt."""
    found = attribute_users(readings(*used), processes)
    for process in processes:
        is_seen = any(reading.users and process.pid in {user.pid for user in reading.users} for reading in found)
        is_doubted = any(f"pid {process.pid} " in (reading.problem or "") for reading in found)
        is_covered = any(reading.users for reading in found)
        assert process.is_idle or is_seen or is_doubted or is_covered
