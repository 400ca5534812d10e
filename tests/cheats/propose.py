"""A hostile (or honest) proposer: ``propose.py BOOK.json`` does to its worktree what the page says, and claims a gain.

A page holds ``edits`` (file, old text, new text), ``files`` (path to text), ``removed``, ``script`` (Python that is run
in the worktree, as a proposer that is a program may) and ``cites``.
"""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    page = json.loads(Path(sys.argv[1]).read_text())
    for name, text in page["files"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    for name, old, new in page["edits"]:
        text = Path(name).read_text()
        assert text.count(old) == 1, f"{name} has {text.count(old)} times: {old}"
        Path(name).write_text(text.replace(old, new))
    claim = {"hypothesis": page["what"][:300], "bottlenecks": page["cites"], "why": "the page says so"}
    Path(os.environ["KERNEL_OPT_PROPOSAL"]).write_text(json.dumps(claim))
    if page["script"]:
        exec(compile(page["script"], "page", "exec"), {"__name__": "page"})


main()
