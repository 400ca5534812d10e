"""When a rate limit ends: the messages of each agent, and whatever else may stand in one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.agents.waits import LONGEST_S, find_wait_s

NOW = datetime(2026, 11, 21, 11, 32, tzinfo=timezone(timedelta(hours=1)))
HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Rate limit reached for m on tokens per min: Limit 30000. Please try again in 11.054s.", 11.054),
        ("Please try again in 6m0s.", 360.0),
        ("try again in 120ms", 0.12),
        ("You've hit your usage limit. Try again in 2 days, 3 hours and 5 minutes.", 51 * HOUR_S + 300),
        ("You exceeded your current quota. Please retry in 37.5s.", 37.5),
        ('Quota exceeded {"@type": "google.rpc.RetryInfo", "retryDelay": "37s"}', 37.0),
        (r'"{\"retryDelay\":\"37s\"}"', 37.0),
        ("Your quota will reset after 18h31m7s.", 18 * HOUR_S + 31 * 60 + 7),
        ('{"error": {"retry_after": 30}}', 30.0),
        ('{"resets_in_seconds":7200}', 2 * HOUR_S),
        (f"Claude AI usage limit reached|{int(NOW.timestamp()) + 90}", 90.0),
        (f'{{"resets_at": {int(NOW.timestamp()) + 60}}}', 60.0),
        ("or try again at 1:32 PM.", 2 * HOUR_S),
        ("You've hit your limit · resets 11am", 23 * HOUR_S + 28 * 60),
        ("resets 12:02 am", 12.5 * HOUR_S),
        ("resets at 12pm", 28 * 60.0),
        ("resets 3pm (America/New_York)", 9 * HOUR_S + 28 * 60),
        ("resets 12pm (UTC)", HOUR_S + 28 * 60),
        ("resets 12pm (Nowhere/At_All)", 28 * 60.0),
        ("resets Nov 23, 3pm", 51 * HOUR_S + 28 * 60),
        ("try again at Nov 23rd, 2026 3:00 PM.", 51 * HOUR_S + 28 * 60),
    ],
)  # fmt: skip
def test_what_is_said_in_words(said: str, seconds: float) -> None:
    """As a span, as a number, as a time of the day in its own zone or in ours."""
    assert find_wait_s(said, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "said",
    [
        "", "exceeded retry limit, last status: 429 Too Many Requests", "Please try again later.", "wait 3 minutes",
        "retry in 0s", "try again in 9 days", "usage limit reached|1111111111", "resets 99:99pm", "resets Feb 31, 3pm",
        "resets Xyz 3, 3pm", "try again at Nov 20th, 2026 3:00 PM", '{"retry_after": 1e99}', "resets at the hotel",
    ],
)  # fmt: skip
def test_what_says_nothing(said: str) -> None:
    """No time, one that is over, one that cannot be."""
    assert find_wait_s(said, NOW) is None


@given(st.text(), st.sampled_from(["try again in ", "resets ", "retry_after: ", "limit reached|", "resets Nov "]))
def test_whatever_a_server_says(noise: str, words: str) -> None:
    """It is a bounded wait or none."""
    found = find_wait_s(words + noise, NOW.astimezone(UTC))
    assert found is None or 0 < found <= LONGEST_S
