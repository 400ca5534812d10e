"""What a comparison says at a glance."""

import pytest

from kernel_opt.model.comparison import Comparison, Side
from kernel_opt.model.verdict import Outcome
from tests import fakes


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_is_shown_to_lose_nothing_is_fine(outcome: Outcome) -> None:
    """Unclear is not fine: nothing was shown."""
    compared = Comparison(
        a=Side(name="main", commit="a"),
        b=Side(name="faster", commit="b"),
        verdict=fakes.verdict(outcome),
        measurement=fakes.measurement(),
        classes=(fakes.config_class(),),
        card="card-0",
        gpu_s=1.0,
    )
    assert compared.is_fine is (outcome in {Outcome.BETTER, Outcome.TIE})
