"""The conversation with an agent within one round: continued from call to call, forgotten with the round."""

from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kernel_opt.edges.files import atomic_write, remove_tree
from kernel_opt.model.hypothesis import Usage
from kernel_opt.rules.spending import add_usage, less_usage

_NAME = "conversation.json"
_PRIVATE = "private"


class Conversation(Struct, frozen=True, kw_only=True):
    """What must be known to go on with it."""

    round: int
    session: str = ""
    spent: Usage = Usage()
    """By all its calls so far: some agents only tell the sum."""
    is_cut: bool = False
    """Its last call broke off: the agent may believe that its edit still stands, yet the worktree was put back."""


def open_conversation(home: Path, number: int) -> tuple[Conversation, Path]:
    """Return the round's conversation and the agent's private folder; what is of another round is removed first.

    An agent could plant something in its own home for the next round, and transcripts would pile up.
    """
    home.mkdir(parents=True, exist_ok=True)
    found = _read(home / _NAME)
    if found is None or found.round != number:
        remove_tree(home / _PRIVATE)
        found = Conversation(round=number)
    (home / _PRIVATE).mkdir(exist_ok=True)
    return found, home / _PRIVATE


def note_call(
    home: Path, known: Conversation, session: str, told: Usage, *, is_total: bool, is_cut: bool = False
) -> Usage:
    """Remember the conversation after a call, and return what this call alone has used."""
    own = less_usage(told, known.spent) if is_total and known.session == session else told
    spent = told if is_total else add_usage(known.spent, told)
    fresh = Conversation(round=known.round, session=session, spent=replace(spent, wall_s=0.0), is_cut=is_cut)
    atomic_write(home / _NAME, msgspec.json.encode(fresh))
    return own


def _read(path: Path) -> Conversation | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Conversation)
    except (OSError, msgspec.MsgspecError):
        return None
