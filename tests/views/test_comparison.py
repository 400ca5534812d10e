"""Two commits compared, as a person and as a program reads it."""

import json

import msgspec
import pytest

from kernel_opt.model.comparison import Comparison, Side
from kernel_opt.model.judging import JudgeLimits
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.comparison import next_comparison
from kernel_opt.views.comparison import class_times_us, comparison_record, render_comparison
from kernel_opt.views.format import width_of
from kernel_opt.views.terminal import Terminal
from tests.judging import Card, classes_of, obey


def found(gains: dict[int, float], classes: int = 3, **names: str) -> Comparison:
    """A comparison on a make-believe card."""
    card = Card(classes_of(classes), gains, [0.004] * classes)
    measurement = Measurement(best="a" * 40, candidate="b" * 40)
    for _ in range(200):
        answer = next_comparison(measurement, card.classes, JudgeLimits())
        if isinstance(answer, Verdict):
            break
        measurement = obey(card, measurement, answer)
    else:
        raise AssertionError("it never came to a verdict")
    return Comparison(
        a=Side(name=names.get("a", "main"), commit="a" * 40),
        b=Side(name=names.get("b", "topic"), commit="b" * 40),
        verdict=answer,
        measurement=measurement,
        classes=card.classes,
        card="card-0",
        gpu_s=12.3456,
        notes=("the benchmark bench.py itself differs: each side ran its own",),
    )


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_verdict_stands_first_and_every_line_fits(width: int) -> None:
    """Then who was compared, each class with its figure and both times, and what to mind."""
    lines = render_comparison(found({0: 0.1, 1: 0.1, 2: 0.1}), Terminal(width=width))
    text = " ".join(" ".join(lines).split())
    assert lines[0].startswith("better: topic against main: 9.")
    assert "A aaaaaaaaaa main B bbbbbbbbbb topic" in text
    assert "each side ran its own" in text
    assert "GPU time; 6 pairs, 12 runs on card-0" in text
    assert max(map(width_of, lines)) <= width
    rows = [line for line in lines if "block_size=" in line and "better" in line]
    assert len(rows) == 3
    if width >= 80:
        assert all("% faster" in row for row in rows)


def test_a_name_steers_no_terminal() -> None:
    """A branch may be called anything."""
    lines = render_comparison(found({}, b="\x1b[31mred\u202e"), Terminal())
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)


def test_json_says_what_the_screen_says() -> None:
    """One object: gains are per cent of A's time, with the ends of their interval; the runs stand in it whole."""
    one = found({0: 0.1, 1: -0.1, 2: 0.0})
    told = json.loads(msgspec.json.encode(comparison_record(one)))
    assert (told["outcome"], told["better_or_tie"], one.is_fine) == ("diverging", False, False)
    assert told["gpu_s"] == 12.346
    by_key = {each["key"]: each for each in told["classes"]}
    assert by_key["block_size=0"]["gain_pct"] == pytest.approx(9.5, abs=0.6)
    assert by_key["block_size=1"]["gain_pct"] == pytest.approx(-10.5, abs=0.6)
    for each in told["classes"]:
        low, high = each["gain_interval_pct"]
        assert low < each["gain_pct"] < high
        assert each["a_us"] == pytest.approx(100, rel=0.01)
    assert len(told["measurement"]["runs"]) == told["runs"]


def test_without_runs_nothing_is_a_number() -> None:
    """A measurement that cannot be read has no table and no gain."""
    whole = found({})
    verdict = msgspec.structs.replace(
        whole.verdict, outcome=Outcome.UNCLEAR, classes=(), overall_ratio=None, overall_interval=None
    )
    bare = msgspec.structs.replace(whole, verdict=verdict, measurement=Measurement(best="a", candidate="b", runs=()))
    lines = render_comparison(bare, Terminal())
    assert lines[0] == "unclear: topic against main: not measured over all classes"
    assert not any("block_size" in line for line in lines)
    told = comparison_record(bare)
    assert (told["gain_pct"], told["gain_interval_pct"], told["classes"]) == (None, None, [])


def test_times_are_the_middle_of_the_runs_that_count() -> None:
    """Of each class, at A and at B."""
    times = class_times_us(found({0: 0.2}))
    before, after = times["block_size=0"]
    assert before == pytest.approx(100, rel=0.01)
    assert after == pytest.approx(81.9, rel=0.01)
