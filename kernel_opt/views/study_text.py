"""A study for a terminal: the arms, what their pairs tell, the tracks."""

from collections.abc import Iterator, Sequence

from kernel_opt.model.study import Contrast, Estimate
from kernel_opt.views.format import agent_cost_text, clean_line, count, duration, pad, shorten, width_of
from kernel_opt.views.study import ArmResult, StudyResult
from kernel_opt.views.study_tracks import Track

LIMIT_P = 0.05
_FEWEST = 6  # pairs: with five, 2 of 32 ways to set the signs are already more than one in twenty
_WHY = 100


def render_study(study: StudyResult) -> list[str]:
    """Return the lines."""
    done = sum(one.is_done for one in study.tracks)
    first, second = study.arms
    size = f"{count(study.seeds, 'pair')} of tracks, {count(study.rounds, 'round')} each"
    so_far = f"{done} of {len(study.tracks)} tracks are done"
    return [
        f"study {study.name}: {first.name} against {second.name}, {size}; {so_far}",
        "",
        *_table(_arm_rows(study.arms)),
        "",
        *_comparison(study),
        "",
        *_table([("track", "rounds", "kept", "speed-up", "ended"), *map(_track_row, study.tracks)]),
        "",
        f"Speed-ups are geometric means over tracks{_confidence(study.arms)}. A track's own is best against the kernel",
        "as found, over all config classes: measured with both in turn at its end; `~`: by the verdicts of its rounds.",
    ]


def _arm_rows(arms: Sequence[ArmResult]) -> list[tuple[str, ...]]:
    head = ("arm", "tracks", "speed-up at the end", "mean over the rounds", "rounds", "measured", "kept", "measuring")
    return [head, *(_arm_row(arm) for arm in arms)]


def _arm_row(arm: ArmResult) -> tuple[str, ...]:
    if arm.speed_up is None or arm.over_rounds is None:
        return (arm.name, "0")
    figures = (f"{arm.rounds:.1f}", f"{arm.measured:.1f}", f"{arm.keeps:.1f}", duration(arm.gpu_s))
    return (arm.name, str(arm.tracks), estimate_text(arm.speed_up), estimate_text(arm.over_rounds), *figures)


def _confidence(arms: Sequence[ArmResult]) -> str:
    """Say how surely the arms' intervals hold; the same in both unless one has fewer tracks yet."""
    known = [arm.speed_up.confidence_pct for arm in arms if arm.speed_up and arm.speed_up.confidence_pct is not None]
    return f", their intervals hold with {min(known):.0f} % confidence" if known else ""


def estimate_text(one: Estimate) -> str:
    """Write a speed-up with its interval, such as `1.42x (1.10 to 1.71)`."""
    if one.low is None or one.high is None:
        return f"{one.value:.2f}x"
    return f"{one.value:.2f}x ({one.low:.2f} to {one.high:.2f})"


def _comparison(study: StudyResult) -> Iterator[str]:
    first, second = study.arms
    if study.at_end is None or study.over_rounds is None:
        yield "No pair has both its tracks done yet: there is nothing to compare."
        return
    yield f"speed-up of {first.name} over that of {second.name}, {count(study.at_end.pairs, 'pair')}"
    yield f"  at the end       {_weighed(study.at_end)}"
    yield f"  over the rounds  {_weighed(study.over_rounds)}"
    yield judge_text(study.at_end, first.name, second.name)
    if first.tokens or second.tokens or first.cost_usd or second.cost_usd:
        for arm in study.arms:
            yield f"a track of {arm.name} took {agent_cost_text(round(arm.tokens), arm.cost_usd)}"


def _weighed(found: Contrast) -> str:
    one = found.difference
    text = f"{one.value:.3f}"
    if one.low is not None and one.high is not None:
        text += f" ({one.low:.3f} to {one.high:.3f} with {one.confidence_pct:.1f} % confidence)"
    score = f"ahead in {found.ahead}, behind in {found.behind}"
    return f"{text}, {score}; p = {found.p:.3g}, by who is ahead alone {found.sign_p:.3g}"


def judge_text(found: Contrast, first: str, second: str) -> str:
    """Say in a sentence what the comparison at the end comes to: it is the one that counts."""
    if found.p <= LIMIT_P:
        more = "more" if found.difference.value > 1 else "less"
        return f"In the same number of rounds {first} reaches {more} than {second}."
    if found.pairs < _FEWEST:
        return f"{count(found.pairs, 'pair')} cannot show a difference: {_FEWEST} are the least."
    return "No difference is shown: chance alone often gives as much."


def _track_row(one: Track) -> tuple[str, ...]:
    known = one.speed_up is not None and one.rounds > 0
    speed_up = f"{'' if one.is_afresh or not one.keeps else '~'}{one.speed_up:.2f}x" if known else "-"
    why = shorten(clean_line(one.why), _WHY)
    return (one.tag, str(one.rounds), str(one.keeps), speed_up, why if one.is_done else f"not done: {why}")


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    columns = max(map(len, rows))
    widths = [max(width_of(row[place]) for row in rows if place < len(row)) for place in range(columns)]
    return ["  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
