"""Who is on a card, and who of them is not us."""

from collections.abc import Sequence

from kernel_opt.model.reading import GpuUser, Reading


def find_strangers(during: Sequence[Reading], after: Reading | None, ours: frozenset[int]) -> list[str]:
    """Tell of processes on the card that are not ours.

    In a container the driver tells the host's PIDs while we know only our own numbers, so a strange PID may be our own
    child under its other number. What can be claimed all the same: with numbers of our own namespace every strange PID
    is a stranger; otherwise each strange PID may stand for one process of ours that was not seen under its own number,
    and the first one beyond that count is a stranger. Whoever is still there when our child has gone is one always.
    """
    users = {user.pid: user for look in during for user in look.users or ()}
    strange = [user for pid, user in users.items() if pid not in ours]
    is_local = any(look.pids_local for look in during)
    found: list[str] = []
    if strange and (is_local or len(strange) > len(ours - users.keys())):
        found.append(f"another process was on the card: {tell_users(strange)}")
    left = [user for user in (after.users if after is not None else None) or () if user.pid not in ours]
    if left:
        found.append(f"a process was on the card when ours had gone: {tell_users(left)}")
    return found


def tell_users(users: Sequence[GpuUser]) -> str:
    """Name processes for people."""
    return ", ".join(f"pid {user.pid} ({user.name})" for user in users)
