"""What of a coding agent is on this machine: its program, its version, its credentials by name."""

import os
from dataclasses import dataclass

from kernel_opt.edges.agents.order import Dialect, Version
from kernel_opt.edges.agents.program import find_program, in_words, read_version
from kernel_opt.model.agent_settings import CodingAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One coding agent as it was found; values of credentials are never looked at."""

    asked: str
    program: str | None
    version: Version | None
    """None: it does not tell one."""
    oldest: Version
    key_names: tuple[str, ...]
    keys_set: tuple[str, ...]

    @property
    def problem(self) -> str | None:
        """Say why it cannot be used, or None."""
        if self.program is None:
            return f"{self.asked or 'its program'} is not installed or not on PATH"
        if self.key_names and not self.keys_set:
            return f"no key: set {' or '.join(self.key_names)} in the environment of `kernel-opt start`"
        if self.oldest and self.version is None:
            return f"`{self.asked} --version` gives no version"
        if self.version is not None and self.version < self.oldest:
            return (
                f"{self.asked} {in_words(self.version)} is too old; {in_words(self.oldest)} is the oldest known to work"
            )
        return None

    @property
    def told(self) -> str:
        """Return it in words for people."""
        if self.program is None:
            return "not installed"
        version = in_words(self.version) if self.version else "version unknown"
        return f"{version} at {self.program}, key {f'in ${self.keys_set[0]}' if self.keys_set else 'not set'}"


def look_for(agent: CodingAgent, dialect: Dialect) -> Found:
    """Look for an agent; its program is started once to ask for its version."""
    asked = agent.program or dialect.program
    program = find_program(asked)
    names = agent.keys or dialect.keys
    return Found(
        asked=asked,
        program=program,
        version=read_version(program) if program else None,
        oldest=dialect.oldest,
        key_names=names,
        keys_set=tuple(name for name in names if os.environ.get(name)),
    )
