"""One calm screen about a run. Imports no model: `status` must start at once."""

from kernel_opt.views.format import clean, count, duration, gain_text, moment, pad, shorten, us_text, width_of
from kernel_opt.views.status import COLOURS, EXIT_DEAD, Seen, Shot, advise, exit_code_of, word_of
from kernel_opt.views.terminal import Segment, Terminal, wrap

_ENDINGS = {"kept": "good", "regression": "warn", "infrastructure": "bad"}
_LABEL = 10  # columns of the left margin with its words
_INDENT, _LEAST_KEY, _FIGURES = 4, 7, 39  # columns before a class, of its name at least, of the numbers beside it
_WANTED_PCT = 2.0  # the gain that every class is expected to show, as the judge has it
_MOST_CLASSES = 8  # that one screen bears beside everything else
_WITHIN_ROUND = ("Propose", "Check", "Amend", "Bench", "Measure", "Judge", "Format", "Drop", "Wait")
_OLD_FACT_S = 6 * 3600.0  # no step takes this long: the daemon may hang


def render_screen(seen: Seen, terminal: Terminal, now_s: float) -> list[str]:
    """Return the whole screen of one run."""
    word = word_of(seen)
    title = terminal.line((seen.tag, "strong"), "  ", (word, COLOURS.get(word, "")))
    advice = _block(terminal, "to do", advise(seen), "bad" if exit_code_of(word) == EXIT_DEAD else "")
    if seen.shot is None:
        return [title, *advice]
    shot = seen.shot
    return [
        title + terminal._replace(width=terminal.width - width_of(f"{seen.tag}  {word}")).line(_where(shot)),
        *_now(shot, word, terminal, now_s),
        *_best(shot, terminal),
        *_classes(shot, terminal),
        *_limits(shot, terminal),
        *_rounds(shot, terminal),
        *_spent(shot, terminal),
        *_health(seen, word, terminal, now_s),
        *advice,
    ]


def _where(shot: Shot) -> Segment:
    return f"   {clean(shot['repository'])}", "dim"


def _row(terminal: Terminal, label: str, *segments: Segment | str) -> str:
    return terminal.line((f"  {label:{_LABEL - 2}}", "dim"), *segments)


def _block(terminal: Terminal, label: str, text: str, meaning: str = "") -> list[str]:
    """Return a text of any length below a label."""
    if not text:
        return []
    lines = wrap(clean(text), terminal.width - _LABEL)
    return [_row(terminal, label if not number else "", (part, meaning)) for number, part in enumerate(lines)]


def _now(shot: Shot, word: str, terminal: Terminal, now_s: float) -> list[str]:
    step, hold, stop = shot["step"], shot["hold"], shot["stop"]
    since = duration(now_s - step["since_s"])
    if word == "stopped":
        return _block(terminal, "stopped", f"{moment(step['since_s'])}: {stop['reason']}")
    if word == "waiting" and hold:
        until = f" until {moment(hold['until_s'])[-5:]}" if hold["until_s"] else ""
        return _block(terminal, "waiting", f"for {since}{until} ({_times(hold)}): {hold['why']}", "warn")
    place = f"round {shot['round']}, " if shot["round"] and step["name"] in _WITHIN_ROUND else ""
    usual = f" (the baseline took {duration(step['expected_s'])})" if step["expected_s"] else ""
    tense = f"since {moment(step['since_s'])}" if word == "dead" else f"for {since}{usual}"
    lines = _block(terminal, "now", f"{place}{step['text']}, {tense}")
    return lines + (_block(terminal, "ending", stop["reason"], "warn") if stop else [])


def _times(hold: Shot) -> str:
    """Say what is counted: looks for a card, or tries of a step."""
    return f"{'look' if hold['cause'] == 'gpu' else 'try'} {hold['times']}"


def _best(shot: Shot, terminal: Terminal) -> list[str]:
    gain, headline = shot["overall"], shot["headline"]
    if gain["gain_pct"] is None:
        return [_row(terminal, "gain", "not known yet")]
    if not shot["keeps"]:
        return [_row(terminal, "gain", "nothing kept yet: best is the kernel as found")]
    figure = gain_text(gain["gain_pct"], gain["uncertainty_pct"])
    colour = "good" if gain["gain_pct"] > (gain["uncertainty_pct"] or 0) else ""
    lines = [_row(terminal, "gain", (figure, colour), " less time than the baseline")]
    lines.append(_row(terminal, "", (f"{gain['how']}; best is {shot['best_commit'][:10]}, ", "dim"),
                      (f"round {shot['best_round']}", "dim")))  # fmt: skip
    if headline and not headline["is_current"]:
        older = gain_text(headline["gain"]["gain_pct"], headline["gain"]["uncertainty_pct"])
        lines.append(_row(terminal, "", (f"an earlier best was {older}, {headline['gain']['how']}", "dim")))
    return lines


def _classes(shot: Shot, terminal: Terminal) -> list[str]:
    """Return the classes, the one with most time first, with as many as a screen bears."""
    found = sorted(shot["classes"], key=lambda one: -one["share_pct"])
    if not found:
        return []
    widest = max(width_of(clean(one["key"])) for one in found)
    width = max(_LEAST_KEY, min(widest, terminal.width - _INDENT - _FIGURES))
    head = f"{pad('  classes', _INDENT + width)} {'share':>5} {'before':>8} {'best us':>8}  {'gain':>13}"
    lines = [terminal.line((head, "dim"))]
    for one in found[:_MOST_CLASSES]:
        gain = one["gain"]["gain_pct"]
        colour = "good" if gain and gain > (one["gain"]["uncertainty_pct"] or 0) else ""
        numbers = f" {one['share_pct']:>4.0f}% {us_text(one['baseline_us']):>8} {us_text(one['best_us']):>8}  "
        text = gain_text(gain, one["gain"]["uncertainty_pct"])
        name = pad(shorten(clean(one["key"]), width), width)
        lines.append(terminal.line(" " * _INDENT, name, numbers, (f"{text:>13}", colour)))
    if len(found) > _MOST_CLASSES:
        lines.append(_row(terminal, "", (f"and {len(found) - _MOST_CLASSES} more", "dim")))
    return lines


def _limits(shot: Shot, terminal: Terminal) -> list[str]:
    """Say where this machine cannot show the gain that a class is expected to show, and what would help."""
    known = shot["detectable_pct"]
    coarse = {key: pct for key, pct in known.items() if pct is not None and pct > _WANTED_PCT}
    if not coarse:
        return []
    worst = max(coarse, key=lambda key: coarse[key])
    text = (
        f"{len(coarse)} of {len(known)} classes cannot show {_WANTED_PCT:g} %, {worst} shows {coarse[worst]:.1f} % up"
    )
    return _block(terminal, "noise", f"{text}; more inner repetitions or fixed clocks would help", "dim")


def _rounds(shot: Shot, terminal: Terminal) -> list[str]:
    counts = ", ".join(f"{number} {ending}" for ending, number in shot["endings"].items()) or "none is over yet"
    lines = _block(terminal, "rounds", counts)
    if shot["regressions_in_a_row"]:
        limit = f", {shot['regressions_limit']} end the run" if shot["regressions_limit"] else ""
        text = f"{count(shot['regressions_in_a_row'], 'regression')} in a row{limit}"
        lines.append(_row(terminal, "", (text, "warn")))
    for number, one in enumerate(reversed(shot["recent"])):
        change = "" if one["gain_pct"] is None else f"{one['gain_pct']:+.1f} %"
        lines.append(
            _row(
                terminal,
                "last" if not number else "",
                f"{one['round']:>4} ",
                (f"{one['ending']:12} ", _ENDINGS.get(one["ending"], "")),
                f"{change:>8}  {clean(one['sentence'] or one['why'])}",
            )
        )
    return lines


def _spent(shot: Shot, terminal: Terminal) -> list[str]:
    spent = shot["spent"]
    parts = [f"{duration(spent['gpu_s'])} of GPU time"]
    if spent["agent_tokens"]:
        parts.append(f"{spent['agent_tokens'] / 1000:.0f} thousand tokens")
    if spent["cost_usd"]:
        parts.append(f"{spent['cost_usd']:.2f} USD")
    return [_row(terminal, "spent", ", ".join(parts))]


def _health(seen: Seen, word: str, terminal: Terminal, now_s: float) -> list[str]:
    if seen.last_fact_s is None or word == "stopped":
        return []
    age_s = now_s - seen.last_fact_s
    daemon = f"daemon {seen.pid}" if seen.pid else "daemon alive" if seen.pid == 0 else "no daemon"
    is_odd = word == "dead" or (age_s > _OLD_FACT_S and word == "running")
    return [_row(terminal, "health", (f"{daemon}, last fact {duration(age_s)} ago", "bad" if is_odd else ""))]
