"""performance.md, the document that people keep, and its picture: from the journal alone, always the same bytes."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import jinja2

from kernel_opt.model.facts import Entry
from kernel_opt.views.markdown import Markdown, code, finalize
from kernel_opt.views.performance_classes import class_rows
from kernel_opt.views.performance_environment import environment_rows
from kernel_opt.views.performance_kernel import bottleneck_lists, dispatch_rows, kernel_rows
from kernel_opt.views.performance_lessons import learned_lists
from kernel_opt.views.performance_progress import PICTURE, block_rows, picture
from kernel_opt.views.performance_rounds import metric_name, result_note, result_rows
from kernel_opt.views.performance_summary import agent_rows, standing_rows, stop_summary, summarise
from kernel_opt.views.plots import draw_progress
from kernel_opt.views.progress import Progress, trace_progress
from kernel_opt.views.run_story import Pending, RunStory, tell_run

REPORT = "performance.md"
_BLANK_LINES = re.compile(r"\n{3,}")


def render_documents(
    entries: Iterable[Entry], *, pending: Pending | None = None, number: int | None = None
) -> dict[str, bytes]:
    """Return file name to content of all that is committed beside the code: the report and its picture."""
    story = tell_run(entries, pending=pending, number=number)
    progress = trace_progress(story.levels, story.rounds)
    return {
        REPORT: _render(story, progress).encode(),
        PICTURE: draw_progress(progress, story.state.tag).encode(),
    }


def render_performance(entries: Iterable[Entry], *, pending: Pending | None = None) -> str:
    """Return the report; ``pending`` says that the row being sealed right now is shown as if done."""
    story = tell_run(entries, pending=pending)
    return _render(story, trace_progress(story.levels, story.rounds))


def render_picture(entries: Iterable[Entry]) -> str:
    """Return the picture of the report."""
    story = tell_run(entries)
    return draw_progress(trace_progress(story.levels, story.rounds), story.state.tag)


def _render(story: RunStory, progress: Progress) -> str:
    text = _template().render(
        title=f"Tuning report of {story.state.tag}",
        summary=summarise(story),
        standing=standing_rows(story),
        picture=picture(progress),
        blocks=block_rows(story),
        stop=stop_summary(story),
        metric=code(metric_name(story)),
        results=result_rows(story),
        result_note=result_note(story),
        classes=class_rows(story),
        class_note=story.class_note,
        dispatch=dispatch_rows(story),
        kernel=kernel_rows(story),
        bottlenecks=bottleneck_lists(story),
        learned=learned_lists(story),
        agents=agent_rows(story),
        environment=environment_rows(story),
        noise_notes=story.noise_notes,
    )
    return _BLANK_LINES.sub("\n\n", text).rstrip("\n") + "\n"


@cache
def _template() -> jinja2.Template:
    package, name = files("kernel_opt"), f"{REPORT}.j2"
    # Inside an installed package the template lies under `shipped`, in a checkout beside the package.
    places = (package / "shipped" / name, package / ".." / name)
    source = next(place for place in places if place.is_file()).read_text(encoding="utf-8")
    # Every value is escaped for Markdown by finalize; HTML escaping would show its entities in the raw text.
    environment = jinja2.Environment(  # noqa: S701
        finalize=finalize, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["lines"] = _put_below
    return environment.from_string(source)


def _put_below(lines: Iterable[object]) -> Markdown:
    return Markdown("\n".join(finalize(line) for line in lines))
