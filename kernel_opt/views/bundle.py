"""The folder of a round: what was tried and found, and scripts that do it again without the daemon."""

from collections.abc import Sequence

import msgspec

from kernel_opt.model.settings import BenchmarkSettings
from kernel_opt.views.bundle_scripts import collect_script, rebuild_script, rerun_script
from kernel_opt.views.format import duration, us_text
from kernel_opt.views.markdown import DASH, Markdown, code, escape, join, row
from kernel_opt.views.round_text import render_round
from kernel_opt.views.sentences import tell_verdict
from kernel_opt.views.story import RoundStory
from kernel_opt.views.terminal import Terminal

SCHEMA = 1
_WIDTH = 120  # columns of verdict.txt: what most editors show


def render_bundle(
    one: RoundStory, *, repository: str, benchmark: BenchmarkSettings, diff: str, caches: Sequence[str] = ()
) -> dict[str, bytes]:
    """Return file name to content; ``caches`` are variables that get a directory of their own in a rerun.

    The scripts are meant to be made executable.
    """
    files = {
        "README.md": _readme(one),
        "verdict.txt": verdict_text(one),
        "verdict.json": msgspec.json.format(msgspec.json.encode(round_record(one)), indent=1).decode() + "\n",
    }
    if one.candidate is not None:
        files |= {
            "diff.patch": diff,
            "rebuild.sh": rebuild_script(repository, best=one.best, candidate=one.candidate.commit),
            "rerun.sh": rerun_script(benchmark, caches),
            "collect.sh": collect_script(benchmark),
        }
    return {name: text.encode("utf-8", "surrogateescape") for name, text in files.items()}


def round_record(one: RoundStory) -> dict[str, object]:
    """Return a round as JSON says it; None is what is not known."""
    candidate, lesson = one.candidate, one.lesson
    return {
        "schema": SCHEMA,
        "round": one.round,
        "opened_s": one.opened_s,
        "ended_s": one.ended_s,
        "ending": one.ending.value if one.ending else None,
        "sentence": tell_verdict(one),
        "why": one.why,
        "best": one.best,
        "proposer": one.proposer,
        "hypothesis": msgspec.to_builtins(one.hypothesis),
        "candidate": msgspec.to_builtins(candidate),
        "attempts": [
            {"commit": tried.candidate.commit, "origin": tried.candidate.origin.value, "outcome": tried.outcome}
            for tried in one.attempts
        ],
        "repairs": one.repairs,
        "us": one.us,
        "gpu_us": one.gpu_us,
        "rows": msgspec.to_builtins(one.bench.rows) if one.bench else [],
        "verdict": msgspec.to_builtins(one.verdict),
        "finding": lesson.finding.value,
        "predicted": lesson.predicted,
        "measured": lesson.measured,
        "compiled": msgspec.to_builtins(one.compiled),
        "checks": msgspec.to_builtins(one.checks),
        "is_given_up": one.is_given_up,
        "notes": one.notes,
        "spent": {"gpu_s": round(one.gpu_s, 1), "agent_tokens": one.agent_tokens, "cost_usd": round(one.cost_usd, 4)},
    }


def verdict_text(one: RoundStory) -> str:
    """Return the round as `show` tells it, for a file."""
    return "\n".join(render_round(one, Terminal(_WIDTH))) + "\n"


def _readme(one: RoundStory) -> str:
    attempts = [
        row([code(tried.candidate.commit[:12]), tried.candidate.origin.value, escape(tried.outcome, 200)])
        for tried in one.attempts
    ]
    lines = [
        f"# Round {one.round}",
        "",
        escape(tell_verdict(one)),
        "",
        f"Hypothesis: {escape(one.hypothesis.sentence) if one.hypothesis else DASH}",
        "",
        f"Benchmark: {us_text(one.us)} us. GPU time used: {duration(one.gpu_s)}.",
        "",
    ]
    if one.candidate is not None:
        files = join(map(code, one.candidate.files))
        size = f"+{one.candidate.lines_added} -{one.candidate.lines_removed} lines"
        lines += [
            f"Changed: {files} ({size}).",
            "",
            "| candidate | how it came to be | outcome |",
            "| --- | --- | --- |",
        ]
        lines += [*attempts, "", *_HOW]
    return "\n".join([*lines, *_WHAT]) + "\n"


_ATTEMPTS = ("| candidate | how it came to be | outcome |", "| --- | --- | --- |")
_HOW = (
    Markdown("To do it again by hand, on a card that nobody uses (choose it with `HIP_VISIBLE_DEVICES`):"),
    "",
    "    ./rebuild.sh              # writes best and candidate to tree-best/ and tree-candidate/",
    "    ./rerun.sh candidate      # or: ./rerun.sh best",
    "    ./collect.sh candidate    # puts log and tables into collected-candidate/",
    "",
)
_WHAT = (
    "`verdict.txt` and `verdict.json` hold the decision and all numbers, `diff.patch` the change against best. The",
    "other folders hold what each step left behind: the brief and the transcript, logs, tables and trace summaries.",
)
