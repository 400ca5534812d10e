"""Who is on a card, and who of them is not us."""

from collections.abc import Sequence

from kernel_opt.model.reading import GpuUser, Reading


def find_strangers(
    before: Reading,
    during: Sequence[Reading],
    after: Reading | None,
    ours: frozenset[int],
    holders: frozenset[int] | None = None,
) -> list[str]:
    """Tell of processes that are not ours: on the card, or new on a host that does not tell on which card.

    In a container the driver tells the host's PIDs while we know only our own numbers, so a strange PID may be our own
    child under its other number. What can be claimed all the same: with numbers of our own namespace every strange PID
    is a stranger; otherwise each strange PID may stand for one process of ours that has the driver open and was not
    seen under its own number, and the first one beyond that count is a stranger. Whoever is still there when our child
    has gone is one always.
    """
    users = {user.pid: user for look in during for user in look.users or ()}
    looks = (*during, after) if after is not None else tuple(during)
    old = {user.pid for user in before.suspects}
    suspects = {user.pid: user for look in looks for user in look.suspects if user.pid not in old}
    strange = [user for pid, user in {**suspects, **users}.items() if pid not in ours]
    is_local = any(look.pids_local for look in looks)
    found: list[str] = []
    unseen = (ours if holders is None else holders) - users.keys() - suspects.keys()
    if strange and (is_local or len(strange) > len(unseen)):
        where = "was" if any(user.pid in users for user in strange) else "may have been"
        found.append(f"another process {where} on the card: {tell_users(strange)}")
    left = [user for user in (after.users if after is not None else None) or () if user.pid not in ours]
    if left:
        found.append(f"a process was on the card when ours had gone: {tell_users(left)}")
    return found


def tell_users(users: Sequence[GpuUser]) -> str:
    """Name processes for people."""
    return ", ".join(f"pid {user.pid} ({user.name})" for user in users)
