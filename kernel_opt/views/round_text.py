"""One round for a terminal: the verdict in a sentence, then the claim, the numbers, the checks and what it cost."""

from collections.abc import Iterator

from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.verdict import ClassVerdict, Outcome
from kernel_opt.views.compiled import tell_compiled
from kernel_opt.views.format import agent_cost_text, clean, duration, pad, shorten, tell_apart, width_of
from kernel_opt.views.learned import Finding, figure_text
from kernel_opt.views.sentences import tell_verdict
from kernel_opt.views.story import RoundStory
from kernel_opt.views.terminal import Segment, Terminal, wrap

_LABEL = 12  # columns of the words in the margin
_COLOURS = {
    Outcome.BETTER: "good", Outcome.WORSE: "bad", CheckOutcome.FAILED: "bad", CheckOutcome.NOT_CHECKED: "dim",
}  # fmt: skip
_OUTCOME, _CHANGE, _PAIRS, _LEAST_KEY = 9, 22, 5, 12  # columns of the class table; of a class's name at least
_COMMIT = 12


def render_round(one: RoundStory, terminal: Terminal) -> list[str]:
    """Return all that is known of a round; the change itself is another file."""
    sentence = wrap(f"Round {one.round}, {tell_verdict(one)}", terminal.width)
    parts = (
        _claim(one, terminal),
        _classes(one, terminal),
        _tries(one, terminal),
        _compiled(one, terminal),
        _checks(one, terminal),
    )
    lines = [terminal.line((text, "strong")) for text in sentence]
    for part in (*parts, _rest(one, terminal)):
        found = list(part)
        lines += ["", *found] if found else []
    return lines


def _block(terminal: Terminal, label: str, text: str, meaning: str = "") -> Iterator[str]:
    """Yield a text of any length beside a label; a word that is longer than the line is broken."""
    width = terminal.width - _LABEL
    for number, part in enumerate(_broken(wrap(clean(text), width), width)):
        yield terminal.line((pad("" if number else label, _LABEL), "dim"), (part, meaning))


def _broken(lines: list[str], width: int) -> Iterator[str]:
    for text in lines:
        rest = text
        while width_of(rest) > width:
            head = shorten(rest, width + 1).removesuffix("…")
            yield head
            rest = rest[len(head) :].lstrip()
        yield rest


def _claim(one: RoundStory, terminal: Terminal) -> Iterator[str]:
    hypothesis, lesson = one.hypothesis, one.lesson
    if hypothesis is None:
        return
    yield from _block(terminal, "hypothesis", hypothesis.sentence)
    if hypothesis.why:
        yield from _block(terminal, "because", hypothesis.why)
    if hypothesis.bottlenecks:
        yield from _block(terminal, "points at", ", ".join(hypothesis.bottlenecks))
    yield from _block(terminal, "about", "; ".join(hypothesis.targets) or "all classes")
    found = {Finding.CONFIRMED: "good", Finding.REFUTED: "warn"}.get(lesson.finding, "")
    yield from _block(terminal, "predicted", lesson.predicted)
    yield from _block(terminal, "measured", f"{lesson.measured}: {lesson.finding.value}", found)


def _classes(one: RoundStory, terminal: Terminal) -> Iterator[str]:
    """Yield the table of classes; keys are cut where the terminal is narrow, numbers never."""
    found = one.verdict.classes if one.verdict else ()
    if not found:
        return
    widest = max(width_of(clean(each.key)) for each in found)
    width = max(_LEAST_KEY, min(widest, terminal.width - _OUTCOME - _CHANGE - _PAIRS - 4))
    names = tell_apart([each.key for each in found], width)
    head = f"{pad('class', width)}  {'outcome':{_OUTCOME}}  {'against best':{_CHANGE}}{'pairs':>{_PAIRS}}"
    yield terminal.line((head, "dim"))
    for name, each in zip(names, found, strict=True):
        yield terminal.line(*_class_row(pad(name, width), each))


def _class_row(name: str, each: ClassVerdict) -> tuple[Segment, ...]:
    outcome = (f"{each.outcome.value:{_OUTCOME}}", _COLOURS.get(each.outcome, ""))
    change = pad(figure_text(each.ratio, each.interval), _CHANGE)
    return (f"{name}  ", ""), outcome, (f"  {change}{each.pairs:>{_PAIRS}}", "")


def _tries(one: RoundStory, terminal: Terminal) -> Iterator[str]:
    for number, tried in enumerate(one.attempts):
        commit, origin = tried.candidate.commit[:_COMMIT], tried.candidate.origin.value
        size = f"+{tried.candidate.lines_added} -{tried.candidate.lines_removed} lines"
        outcome = f": {tried.outcome}" if tried.outcome else ""
        yield from _block(terminal, "" if number else "tried", f"{commit} {origin}, {size}{outcome}")
    if one.candidate is not None:
        yield from _block(terminal, "files", ", ".join(one.candidate.files))
    if one.split is not None:
        yield from _block(
            terminal, "split", f"{'; '.join(one.split.classes) or 'no class'} where {one.split.condition}"
        )


def _compiled(one: RoundStory, terminal: Terminal) -> Iterator[str]:
    """Yield what compiling ahead showed; a candidate that nothing was compiled of is told as such."""
    if one.compiled is None:
        yield from _block(terminal, "compiled", "not ahead: no [[compile.builds]] is set") if one.attempts else ()
        return
    for number, text in enumerate(tell_compiled(one.compiled)):
        yield from _block(terminal, "" if number else "compiled", text)


def _checks(one: RoundStory, terminal: Terminal) -> Iterator[str]:
    """Yield the integrity checks; of one that was made again the last time counts."""
    last = {check.name: check for check in one.checks}
    for number, check in enumerate(last.values()):
        text = f"{check.name}: {check.outcome.value}" + (f", {check.why}" if check.why else "")
        yield from _block(terminal, "" if number else "checks", text, _COLOURS.get(check.outcome, ""))


def _rest(one: RoundStory, terminal: Terminal) -> Iterator[str]:
    if one.verdict is not None:
        yield from _block(terminal, "why", one.verdict.sentence)
    if one.why and (one.verdict is None or one.why != one.verdict.sentence):
        yield from _block(terminal, "ended", one.why)
    for note in one.notes:
        yield from _block(terminal, "note", note)
    parts = [f"{duration(one.ended_s - one.opened_s)} in all"] if one.ended_s is not None else []
    parts.append(f"{duration(one.gpu_s)} of GPU time")
    parts.append(agent_cost_text(one.agent_tokens, one.cost_usd))
    yield from _block(terminal, "took", ", ".join(parts))
