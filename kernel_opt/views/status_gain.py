"""What the run has gained, overall and per class, as the status screen shows it."""

from kernel_opt.views.format import clean, gain_text, pad, tell_apart, us_text, width_of
from kernel_opt.views.status import Shot
from kernel_opt.views.status_rows import block, row
from kernel_opt.views.terminal import Terminal

_INDENT, _LEAST_KEY, _FIGURES = 4, 7, 39  # columns before a class, of its name at least, of the numbers beside it
_WANTED_PCT = 2.0  # the gain that every class is expected to show, as the judge has it


def best_rows(shot: Shot, terminal: Terminal) -> list[str]:
    """Return the gain of best over the baseline, how it is known, and where best is."""
    gain, headline = shot["overall"], shot["headline"]
    if gain["gain_pct"] is None:
        return [row(terminal, "gain", "not known yet")]
    if not shot["best_round"]:
        return [row(terminal, "gain", "nothing kept yet: best is the kernel as found")]
    figure = gain_text(gain["gain_pct"], gain["uncertainty_pct"])
    lines = [row(terminal, "gain", (figure, _colour(gain)), " less time than the baseline")]
    lines.append(row(terminal, "", (f"{gain['how']}; best is {shot['best_commit'][:10]}, ", "dim"),
                     (f"round {shot['best_round']}", "dim")))  # fmt: skip
    if headline and not headline["is_current"]:
        older = gain_text(headline["gain"]["gain_pct"], headline["gain"]["uncertainty_pct"])
        lines.append(row(terminal, "", (f"an earlier best was {older}, {headline['gain']['how']}", "dim")))
    return lines


def _colour(gain: Shot) -> str:
    return "good" if gain["gain_pct"] and gain["gain_pct"] > (gain["uncertainty_pct"] or 0) else ""


def class_rows(shot: Shot, terminal: Terminal, most: int) -> list[str]:
    """Return the classes, the one with most time first, ``most`` of them at most."""
    found = sorted(shot["classes"], key=lambda one: -one["share_pct"])
    if not found:
        return []
    widest = max(width_of(clean(one["key"])) for one in found)
    width = max(_LEAST_KEY, min(widest, terminal.width - _INDENT - _FIGURES))
    head = f"{pad('  classes', _INDENT + width)} {'share':>5} {'before':>8} {'best us':>8}  {'gain':>13}"
    lines = [terminal.line((head, "dim"))]
    names = tell_apart([one["key"] for one in found], width)
    for name, one in zip(names, found[:most], strict=False):
        numbers = f" {one['share_pct']:>4.0f}% {us_text(one['baseline_us']):>8} {us_text(one['best_us']):>8}  "
        text = gain_text(one["gain"]["gain_pct"], one["gain"]["uncertainty_pct"])
        lines.append(terminal.line(" " * _INDENT, pad(name, width), numbers, (f"{text:>13}", _colour(one["gain"]))))
    if len(found) > most:
        lines.append(row(terminal, "", (f"and {len(found) - most} more", "dim")))
    return lines


def limit_rows(shot: Shot, terminal: Terminal) -> list[str]:
    """Say where this machine cannot show the gain that a class is expected to show, and what would help."""
    known = shot["detectable_pct"]
    coarse = {key: pct for key, pct in known.items() if pct is not None and pct > _WANTED_PCT}
    if not coarse:
        return []
    worst = max(coarse, key=lambda key: coarse[key])
    text = (
        f"{len(coarse)} of {len(known)} classes cannot show {_WANTED_PCT:g} %, {worst} shows {coarse[worst]:.1f} % up"
    )
    return block(terminal, "noise", f"{text}; more inner repetitions or fixed clocks would help", "dim")
