"""The list of all runs as a page, and a page for what went wrong."""

import base64
import hashlib
from typing import Any, NamedTuple

from kernel_opt.views.format import duration, gain_text, utc
from kernel_opt.views.html.page import assets
from kernel_opt.views.html.parts import TONES, environment


class RunLine(NamedTuple):
    """One run in the list."""

    name: str
    tag: str
    repository: str
    word: str
    tone: str
    round: str
    gain: str
    now: str
    advice: str
    last: str


def render_runs(records: dict[str, dict[str, Any]]) -> str:
    """Return the list; ``records`` are what `status --json` says, by the name a run has in addresses."""
    return _render(runs=[_line(name, record) for name, record in records.items()], problem="")


def render_problem(problem: str) -> str:
    """Return a page that says what is wrong, and leads back to the list."""
    return _render(runs=[], problem=problem)


def _render(**values: object) -> str:
    css = assets()["css"]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return environment().get_template("runs.html.j2").render(css=css, policy=policy, **values)


def _line(name: str, record: dict[str, Any]) -> RunLine:
    step, stop, hold, gain = (record.get(key) for key in ("step", "stop", "hold", "overall"))
    now = record["problem"] or (stop["reason"] if stop else hold["why"] if hold else step["text"] if step else "")
    return RunLine(
        name=name,
        tag=record["tag"],
        repository=record.get("repository", record["directory"]),
        word=record["state"],
        tone=TONES.get(record["state"], ""),
        round=str(record.get("round", "")),
        gain=gain_text(gain["gain_pct"], gain["uncertainty_pct"]) if gain and record.get("keeps") else "",
        now=now if not step or stop else f"{now}, since {utc(step['since_s'])} UTC",
        advice=record["advice"] if record["advice"] != record["problem"] else "",
        last=_spent(record),
    )


def _spent(record: dict[str, Any]) -> str:
    spent = record.get("spent")
    return f"{duration(spent['gpu_s'])} of GPU time" if spent else ""
