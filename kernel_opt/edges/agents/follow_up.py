"""What an agent is told when it is asked once more in a conversation: as a file, as it is told its brief."""

from pathlib import Path

from kernel_opt.edges.files import atomic_write

_AGAIN = """\
Your last message is no answer: {why}.

Leave the files as they are now. Answer with nothing but the JSON object that the task asks for.
"""
_ANEW = """\
Your last answer was cut off. The files are again as they were before it: nothing that it changed is left. Here is the
task once more, as it stands now.

"""


def ask_again(folder: Path, why: str) -> Path:
    """Return the question after an edit without a readable claim."""
    brief = folder / "again.md"
    atomic_write(brief, _AGAIN.format(why=why).encode())
    return brief


def ask_anew(folder: Path, whole: Path) -> Path:
    """Return the brief with a word on what has become of the edit: the worktree was put back since."""
    brief = folder / "anew.md"
    atomic_write(brief, _ANEW.encode() + whole.read_bytes())
    return brief
