"""What the report's numbers depend on besides the kernel: card, versions, clocks, sandbox, noise."""

from collections.abc import Iterable

from kernel_opt.model.measurement import TimedRun
from kernel_opt.views.markdown import Markdown, code, row
from kernel_opt.views.performance_rounds import command_of
from kernel_opt.views.run_story import RunStory
from kernel_opt.views.step_words import tell_sandbox

WANTED_PCT = 2.0  # the gain that every class is expected to show, as the judge has it
_VALUE = 200  # columns of a value


def environment_rows(story: RunStory) -> list[Markdown]:
    """Return the facts as rows of a table."""
    return [row([name, code(value, _VALUE)]) for name, value in environment_facts(story).items()]


def environment_facts(story: RunStory) -> dict[str, str]:
    """Return what is known, in a fixed order; what a platform cannot tell is said as unknown where it matters."""
    started, state = story.started, story.state
    if started is None:
        return {}
    runs = [run for measurement in state.measurements for run in measurement.runs]
    facts = {
        "kernel-opt": started.version,
        "settings": started.settings_source,
        "benchmark command": command_of(story),
        "card": _cards(story, runs),
        "core clock": _clocks(runs) if state.baseline else "",
        "sandbox level": tell_sandbox(story.sandbox),
        **dict(sorted(started.environment.items())),
        **(state.baseline.surroundings if state.baseline else {}),
        **_noise(state.detectable_pct),
    }
    return {name: value for name, value in facts.items() if value}


def _cards(story: RunStory, runs: Iterable[TimedRun]) -> str:
    run = story.state.best.run if story.state.best else story.state.baseline
    cards = [run.card] if run else []
    return ", ".join(dict.fromkeys([*cards, *(one.card for one in runs)]))


def _clocks(runs: Iterable[TimedRun]) -> str:
    """Say between which values the clock was seen, which tells whether it was fixed."""
    seen = [run.clock_mhz for run in runs if run.clock_mhz is not None]
    if not seen:
        return "unknown: the platform does not tell it"
    low, high = min(seen), max(seen)
    if high - low < 1:
        return f"{low:.0f} MHz in all of the last {len(seen)} runs"
    return f"not fixed: {low:.0f} to {high:.0f} MHz in the last {len(seen)} runs"


def _noise(detectable_pct: dict[str, float | None]) -> dict[str, str]:
    noises = [pct for pct in detectable_pct.values() if pct is not None]
    if not noises:
        return {}
    found = {"smallest change that can be shown": f"{min(noises):.1f} to {max(noises):.1f} %, by class"}
    if coarse := sum(1 for pct in noises if pct > WANTED_PCT):
        helps = "more inner repetitions or fixed clocks would help"
        found[f"classes that cannot show {WANTED_PCT:g} %"] = f"{coarse} of {len(detectable_pct)}; {helps}"
    return found
