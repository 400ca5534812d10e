"""The report's table of config classes: right or not, baseline, best, gain, and who serves them."""

from kernel_opt.views.format import gain_text, us_text
from kernel_opt.views.gains import class_gains
from kernel_opt.views.markdown import Markdown, code, row
from kernel_opt.views.performance_kernel import serving_kernels
from kernel_opt.views.run_story import RunStory


def class_rows(story: RunStory) -> list[Markdown]:
    """Return one row per class, in the order of the benchmark's table."""
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
