"""What this round is asked for, in words."""

from collections.abc import Sequence

from kernel_opt.model.explore import Aim, Ask
from kernel_opt.views.brief_tables import LINE_CAP
from kernel_opt.views.format import clean_line, count

MOST = 8  # ids or classes named; more are no direction

WORDS: dict[Aim, str] = {
    Aim.EXPLOIT: "Go on from best: take what the trace makes most promising.",
    Aim.OTHER_BOTTLENECK: "Look elsewhere: cite another bottleneck than those that were tried since the last keep.",
    Aim.OTHER_CLASS: (
        "Look at another class: make your hypothesis about one that no recent try was about, and name it in "
        "`targets`; a path of its own for it is welcome."
    ),
    Aim.COMBINE: (
        "Combine: the near misses below may be worth it together. Take two or more that touch different things, "
        "and make them one edit."
    ),
    Aim.RADICAL: (
        "Be radical: small changes have led nowhere. Another algorithm, another layout, another split of the work"
        " among work-groups, or much simpler code. A large step that may fail is worth more now than a small one."
    ),
    Aim.PROBE: (
        "A probe: find out what removing one cost would bring at most. The numbers may be wrong on purpose (skip "
        "a load, a conversion, a barrier) where nothing cheaper tells. It is timed once and never kept, whatever "
        "it shows; the result stands in later briefs. Benchmark and checks stay as they are."
    ),
}


def tell_ask(ask: Ask | None) -> list[str]:
    """Return what is asked for and the names that go with it; nothing in a run that knew no asking."""
    if ask is None:
        return []
    lines = [WORDS[ask.aim]]
    if ask.dry:
        lines.append(f"{count(ask.dry, 'try', 'tries')} since the last keep.")
    if ask.aim is Aim.OTHER_BOTTLENECK or ask.aim is Aim.RADICAL:
        lines += _named("Tried since then", ask.avoid)
    lines += _named("Not looked at", ask.towards)
    lines += _named("Near misses", [f"round {number}" for number in ask.combine])
    return lines


def _named(title: str, names: Sequence[str]) -> list[str]:
    shown = [clean_line(name)[:LINE_CAP] for name in names[:MOST]]
    return [f"{title}: {'; '.join(shown)}."] if shown else []
