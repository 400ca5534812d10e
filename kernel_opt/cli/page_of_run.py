"""What a run's page needs from outside its journal: how it stands for an onlooker, and the diffs in its folders."""

import time
from pathlib import Path
from typing import Any

from kernel_opt.cli.status import see
from kernel_opt.edges.places import RunPlace
from kernel_opt.views.html.diffs import ReadDiff
from kernel_opt.views.html.fold import Standing
from kernel_opt.views.status_advice import record_of

DIFF = "diff.patch"
_DIFF_BYTES = 100_000  # more than a page shows of one


def record_now(place: RunPlace) -> dict[str, Any]:
    """Return what `status --json` says of a run at this moment."""
    return record_of(see(place), time.time())


def standing_of(record: dict[str, Any]) -> Standing:
    """Put what `status --json` says into what a page shows."""
    step, hold, stop = record.get("step"), record.get("hold"), record.get("stop")
    if record["problem"] or step is None:
        return Standing(record["state"], record["problem"], None, record["advice"])
    told = stop["reason"] if stop else f"{step['text']}: {hold['why']}" if hold else step["text"]
    return Standing(record["state"], told, step["since_s"], record["advice"])


def diff_reader(place: RunPlace) -> ReadDiff:
    """Return what reads a round's diff from its folder; no file is no diff."""

    def read(number: int) -> str:
        try:
            with (Path(place.round_folder(number)) / DIFF).open("rb") as patch:
                return patch.read(_DIFF_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""

    return read
