"""One call of a coding agent as its dialect is asked to word it, and what a dialect must be able to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kernel_opt.edges.agents.events import Event
from kernel_opt.edges.agents.told import Told
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.proposal import Request

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Everything that words a call."""

    agent: CodingAgent
    limits: AgentSettings
    request: Request
    brief: Path
    """What it reads on standard input."""
    program: str
    version: Version
    private: Path
    """Its home: a folder that nobody else uses, and it no longer than a round."""
    session: str = ""
    """The conversation to go on with, empty for a new one."""
    left_usd: float | None = None
    """What the round's budget leaves for this call."""

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of the user's variables that hold credentials; none but these are handed through."""
        return self.agent.keys


class Dialect(Protocol):
    """How one kind of coding agent is started and understood."""

    @property
    def program(self) -> str:
        """What it is called on PATH; empty: the settings must name it."""
        ...

    @property
    def keys(self) -> tuple[str, ...]:
        """The variables in which its users keep their credentials."""
        ...

    @property
    def hosts(self) -> tuple[str, ...]:
        """The servers that its model is asked at, unless the settings name others."""
        ...

    @property
    def oldest(self) -> Version:
        """The oldest version that is known to know the arguments; empty: whatever version."""
        ...

    def prepare(self, order: Order) -> None:
        """Write what it wants to find in its home."""
        ...

    def argv(self, order: Order) -> list[str]:
        """Return the command line."""
        ...

    def environment(self, order: Order) -> Mapping[str, str]:
        """Return the variables that it needs besides a plain environment."""
        ...

    def is_progress(self, event: Event) -> bool:
        """Say whether an event is more than a word about waiting for the server."""
        ...

    def read(self, events: Iterable[Event]) -> Told:
        """Say how the call ended."""
        ...
