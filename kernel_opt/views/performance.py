"""performance.md, the document that people keep: from the journal alone, and the same facts give the same bytes."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import jinja2

from kernel_opt.model.facts import Entry
from kernel_opt.views.format import gain_text, short, us_text, utc
from kernel_opt.views.gains import class_gains
from kernel_opt.views.markdown import Markdown, code, finalize, join, row
from kernel_opt.views.performance_kernel import bottleneck_lists, dispatch_rows, kernel_rows, serving_kernels
from kernel_opt.views.performance_rounds import (
    best_metrics,
    command_of,
    learned_lists,
    metric_name,
    regression_rows,
    result_rows,
)
from kernel_opt.views.performance_summary import summarise
from kernel_opt.views.run_story import Pending, RunStory, tell_run

_TEMPLATE = "performance.md.j2"
WANTED_PCT = 2.0  # the gain that every class is expected to show, as the judge has it
_BLANK_LINES = re.compile(r"\n{3,}")


def render_performance(entries: Iterable[Entry], *, pending: Pending | None = None) -> str:
    """Return the report; ``pending`` says that the row being sealed right now is shown as if done."""
    story = tell_run(entries, pending=pending)
    text = _template().render(
        title=f"Tuning report of {story.state.tag}",
        summary=summarise(story),
        standing=_standing(story),
        stop=_stop(story),
        metric=code(metric_name(story)),
        results=result_rows(story),
        classes=_class_rows(story),
        class_note=story.class_note,
        dispatch=dispatch_rows(story),
        kernel=kernel_rows(story),
        bottlenecks=bottleneck_lists(story),
        learned=learned_lists(story),
        environment=_environment(story),
        noise_notes=story.noise_notes,
    )
    return _BLANK_LINES.sub("\n\n", text).rstrip("\n") + "\n"


@cache
def _template() -> jinja2.Template:
    package = files("kernel_opt")
    # Inside an installed package the template lies under `shipped`, in a checkout beside the package.
    places = (package / "shipped" / _TEMPLATE, package / ".." / _TEMPLATE)
    source = next(place for place in places if place.is_file()).read_text(encoding="utf-8")
    # Every value is escaped for Markdown by finalize; HTML escaping would show its entities in the raw text.
    environment = jinja2.Environment(  # noqa: S701
        finalize=finalize, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["lines"] = _put_below
    return environment.from_string(source)


def _put_below(lines: Iterable[object]) -> Markdown:
    return Markdown("\n".join(finalize(line) for line in lines))


def _standing(story: RunStory) -> list[Markdown]:
    state = story.state
    endings = ", ".join(f"{number} {ending}" for ending, number in state.tally.endings)
    since = f"round {state.best.round}" if state.best and state.best.round else "the kernel as found"
    return [
        row(["State", "stopped" if state.stop else f"running, {_place(story)}"]),
        row(["Written", f"{utc(story.told_s)} UTC"]),
        row(["Best", join([code(short(state.code)), since], " from ")]),
        row(["Baseline", code(short(state.base))]),
        row(["Rounds", f"{len(story.rounds)}: {endings}" if endings else "none"]),
        row(["GPU time used", f"{state.tally.gpu_s / 3600:.1f} h"]),
    ]


def _place(story: RunStory) -> str:
    return f"after round {story.rounds[-1].round}" if story.rounds else "before the first round"


def _stop(story: RunStory) -> dict[str, list[Markdown]] | None:
    state = story.state
    if state.stop is None:
        return None
    lines = [
        row(["Time", f"{utc(story.stops[-1][0])} UTC"]),
        row(["Reason", state.stop.reason]),
        row(["Best", code(short(state.code))]),
        row(["Best metrics", best_metrics(story)]),
    ]
    lines += [row(["Stopped before", f"{utc(at_s)} UTC: {reason}"]) for at_s, reason in story.stops[:-1][-3:]]
    return {"lines": lines, "regressions": regression_rows(story)}


def _class_rows(story: RunStory) -> list[Markdown]:
    state, kernels = story.state, serving_kernels(story)
    sizes = {one.key: len(one.configs) for one in state.classes}
    is_checked = state.best.run.error_checked if state.best else False
    right = "error column 0" if is_checked else "exit code 0"
    return [
        row(
            [
                code(one.key),
                f"{sizes[one.key]} of {sizes[one.key]} ({right})" if one.best_us is not None else None,
                f"{one.share_pct:.0f} %",
                us_text(one.baseline_us),
                us_text(one.best_us),
                gain_text(one.gain.gain_pct, one.gain.uncertainty_pct),
                one.gain.how,
                kernels[one.key],
            ]
        )
        for one in class_gains(state)
    ]


def _environment(story: RunStory) -> list[Markdown]:
    """Return what the numbers depend on besides the kernel."""
    started, state = story.started, story.state
    if started is None:
        return []
    run = state.best.run if state.best else state.baseline
    facts = {
        "kernel-opt": started.version,
        "settings": started.settings_source,
        "benchmark command": command_of(story),
        "card": run.card if run else "",
        "containment": story.containment,
        **dict(sorted(started.environment.items())),
    }
    noises = [pct for pct in state.detectable_pct.values() if pct is not None]
    if noises:
        facts["smallest change that can be shown"] = f"{min(noises):.1f} to {max(noises):.1f} %, by class"
    if coarse := sum(1 for pct in noises if pct > WANTED_PCT):
        helps = "more inner repetitions or fixed clocks would help"
        facts[f"classes that cannot show {WANTED_PCT:g} %"] = f"{coarse} of {len(state.detectable_pct)}; {helps}"
    return [row([name, code(value, 200)]) for name, value in facts.items() if value]
