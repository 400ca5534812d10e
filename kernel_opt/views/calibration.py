"""What a run's predictions were worth, in one line."""

from kernel_opt.rules.memory.learned import Calibration
from kernel_opt.views.format import count


def tell_calibration(calibration: Calibration) -> str:
    """Return how many predictions came true and how much of what they promised; empty before the first."""
    if not calibration.total:
        return ""
    text = (
        f"Of {count(calibration.total, 'measured prediction')} {calibration.confirmed} confirmed, "
        f"{calibration.refuted} refuted, {calibration.inconclusive} inconclusive"
    )
    if calibration.factor is None:
        return f"{text}."
    return f"{text}; at the median, {calibration.factor:.2g} times the predicted change was measured."
