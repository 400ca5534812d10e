"""Who proposes, within which bounds, and how each coding agent is started."""

from typing import Literal

from msgspec import Struct, field

from kernel_opt.model.amounts import Amount, AtLeastOne, Count

Kind = Literal["claude", "codex", "acp"]
Network = Literal["api", "open"]


class AgentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who proposes."""

    name: str = "command"
    """The proposer: "claude" and "codex" are these coding agents, "command" runs ``command``, "playbook" takes ideas
    from ``playbook``, "knobs" searches ``[[knobs]]``, other names stand in ``[[agents]]``; several with commas."""
    playbook: str = "playbook"
    """Folder of ideas, relative to the repository root."""
    command: tuple[str, ...] = ()
    """argv of the command proposer; it edits the worktree it is started in and leaves a proposal."""
    timeout_s: Amount = 1800.0
    """Seconds one call may take; half an hour is long for one edit."""
    mend_timeout_s: Amount = 900.0
    """The same for a coding agent's mends (quick fix, repair, split): it knows the code by then."""
    silence_s: Amount = 600.0
    """Seconds without any output after which a call counts as hung; 0: never."""
    pass_environment: tuple[str, ...] = ()
    """Names of the user's variables that the proposer needs, its key for instance."""
    patience: AtLeastOne = 12
    """Unavailable answers in a row after which the run stops; with the backoff this is about five hours."""
    first_wait_s: Amount = 60.0
    """Seconds before an unavailable proposer is asked again, doubled each time; a rate limit often lasts a minute."""
    longest_wait_s: Amount = 1800.0
    """The longest of these waits: with more, the end of an outage would be noticed late."""
    commit_message: bool = True
    """Ask a coding agent, once its candidate is to be kept, why it works; off: the commit says what it had expected."""
    max_turns: Count = 60
    """Turns a coding agent may take in one call, where it can be told; an edit takes about ten. 0: no bound."""
    round_usd: Amount = 0.0
    """Money one round may cost: over it nothing more is asked of the proposer in that round; 0: no bound."""
    round_tokens: Count = 0
    """The same in tokens, for agents that do not know what they cost."""
    day_usd: Amount = 0.0
    """Money a day (UTC) may cost: over it the run waits for the next day; 0: no bound."""
    day_tokens: Count = 0
    """The same in tokens."""
    network: Network = "api"
    """What a coding agent and what it starts can reach, where bubblewrap works: "api" is the servers of its model (its
    kind's own, and every address in its table) and nothing else; "open" is what the machine can reach."""


class CodingAgent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coding agent: how ``agent.name`` calls it, what it is, how it is started."""

    name: str
    """What ``agent.name`` and every record call it."""
    kind: Kind
    """How it is spoken to; "acp" is the Agent Client Protocol, which Gemini CLI, opencode and others speak."""
    program: str = ""
    """Path, or name on PATH; empty: claude or codex."""
    arguments: tuple[str, ...] = ()
    """Further arguments, such as the one that makes it speak ACP."""
    model: str = ""
    """The model it is to use; empty: its own choice."""
    keys: tuple[str, ...] = ()
    """Names of the user's variables that hold its credentials, one at least must be set; empty: the usual ones."""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Variables set for it, its server's address for instance; written in the journal, so no place for a secret."""
    hosts: tuple[str, ...] = ()
    """Further servers that it needs, with agent.network = "api": "host", or "host:port"."""
    share: Count = 0
    """Rounds of each turn it is asked first: of two with 3 and 1 the first proposes in three rounds of four. 0: it is
    only asked when those before it cannot propose, as ``agent.name`` has them in order."""
