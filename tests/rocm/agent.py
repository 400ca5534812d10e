"""A proposer with a book: ``agent.py BOOK.json`` replaces texts in the tuned file and cites a kernel of the trace.

A page is named ``ROUND:TASK`` and holds ``edits`` (pairs of old and new text), ``cites``, ``targets`` and ``deeper``.
"""

import json
import os
import sys
from pathlib import Path

KERNEL = Path("kernels/pa_decode.py")


def main() -> None:
    book = json.loads(Path(sys.argv[1]).read_text())
    page = book.get(f"{os.environ['KERNEL_OPT_ROUND']}:{os.environ['KERNEL_OPT_TASK']}")
    if page is None:
        return
    text = KERNEL.read_text()
    for old, new in page["edits"]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    KERNEL.write_text(text)
    claim = {"hypothesis": f"use {page['edits'][0][1]}", "why": "the book says so"}
    claim |= {"bottlenecks": page["cites"], "targets": page["targets"], "deeper": page["deeper"]}
    Path(os.environ["KERNEL_OPT_PROPOSAL"]).write_text(json.dumps(claim))


main()
