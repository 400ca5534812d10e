"""What a platform must be able to do: look at its cards, and confine a child to one of them."""

from collections.abc import Mapping
from typing import Protocol

from kernel_opt.model.reading import Reading


class Platform(Protocol):
    """GPU readings, lease key and environment binding of one kind of host."""

    name: str

    def read_cards(self) -> tuple[Reading, ...]:
        """Look once at every card; raise ReadFailedError when nothing could be read."""
        ...

    def bind(self, card: Reading, environ: Mapping[str, str]) -> dict[str, str]:
        """Return ``environ`` changed so that a child sees this card and no other."""
        ...

    def enclose(self, card: Reading, environ: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the device nodes that a sandbox must show for this card, and ``environ`` for a child that sees them.

        What a child cannot open does not count for it: a card that is shown alone is its first.
        """
        ...

    def lease_key(self, card: Reading) -> str:
        """Return a name of the physical card (or partition) that is the same for every process on this host."""
        ...
