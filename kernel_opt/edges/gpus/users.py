"""Put processes on cards as far as can be known, and no further."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel_opt.model.reading import GpuUser, Reading


@dataclass(frozen=True, slots=True)
class Process:
    """A process as a system-wide table tells it: on how many cards it is, not on which."""

    pid: int
    name: str
    card_count: int | None
    vram_bytes: int | None

    @property
    def is_idle(self) -> bool:
        """Tell whether it only has the driver open, as monitors do; in a container its VRAM then reads as unknown."""
        return self.card_count == 0 and not self.vram_bytes


def attribute_users(readings: Sequence[Reading], processes: Sequence[Process] | None) -> tuple[Reading, ...]:
    """Return the readings with their users; None where the table is missing or a process could be on several cards.

    A process on as many cards as there are is on every one. One on a single card can only be on a card with at least
    as much VRAM in use as it holds; when only one such card is left, it is there.
    """
    if processes is None:
        return tuple(readings)
    users: list[list[GpuUser]] = [[] for _ in readings]
    suspects: list[list[GpuUser]] = [[] for _ in readings]
    for process in processes:
        if process.is_idle:
            continue
        places = _find_places(readings, process)
        for place in places:
            if process.card_count is not None and (len(places) == 1 or process.card_count == len(places)):
                users[place].append(GpuUser(process.pid, process.name, process.vram_bytes))
            else:
                suspects[place].append(GpuUser(process.pid, process.name, process.vram_bytes))
    return tuple(map(_settle, readings, users, suspects))


def _find_places(readings: Sequence[Reading], process: Process) -> list[int]:
    everywhere = list(range(len(readings)))
    if process.card_count != 1 or not process.vram_bytes:
        return everywhere
    return [
        place for place in everywhere if (used := readings[place].vram_used_bytes) is None or used >= process.vram_bytes
    ] or everywhere


def _settle(reading: Reading, users: list[GpuUser], suspects: list[GpuUser]) -> Reading:
    """Tell a known user even when others are in doubt: one is enough to leave the card alone."""
    known = tuple(users) if users or not suspects else None
    doubt = "; ".join(f"pid {user.pid} ({user.name}) may be on it" for user in suspects)
    problem = "; ".join(filter(None, (reading.problem, doubt))) or None
    return replace(reading, users=known, suspects=tuple(suspects), problem=problem)
