"""When a rate limit ends, as its message says it."""

import re
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kernel_opt.edges.agents.told import Told

LONGEST_S = 8 * 86_400.0
"""A week's limit is the longest there is; what says more is a mistake, and an epoch of another unit."""
_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![a-z])")
_SPAN = re.compile(
    r"(?:again|retry|retrydelay|resets?|available)\W{0,6}(?:in|after)?\W{0,6}"
    rf"((?:{_PART.pattern}[\s,]*(?:and\s+)?){{1,5}})"
)
_SECONDS = re.compile(r"(?:retry[_-]after|resets?_in_seconds)\W{1,4}(\d+(?:\.\d+)?)(?![\w.])")
_EPOCH = re.compile(r"(?:resets?_?at\W{1,4}|limit reached\|)(\d{10})(?!\d)")
_CLOCK = re.compile(
    r"(?:again at|resets?(?: at)?|until)\s+"
    r"(?:([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s*(?:(\d{4})[\s,]*)?(?:at\s+)?)?"
    r"(\d{1,2})(?::(\d{2}))?\s*([ap])m\b(?:\s*\(([a-z_+\-/0-9]+)\))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def find_asked_wait_s(told: Told, now: datetime) -> float | None:
    """Return how long the server wants to be left alone: as a number, as a time, or as its message says it."""
    asked_s = (told.retry_after_s, (told.resets_at_s or 0.0) - now.timestamp(), find_wait_s(told.detail, now))
    return max((one for one in asked_s if one is not None and 0 < one <= LONGEST_S), default=None)


def find_wait_s(text: str, now: datetime) -> float | None:
    """Return the seconds after which a message says that it will work again; None when it says nothing of the kind.

    ``now`` has the zone in which a message without one names a time of the day.
    """
    said = text.lower()
    found = _find_span(said)
    if found is None and (epoch := _EPOCH.search(said)):
        found = int(epoch[1]) - now.timestamp()
    if found is None and (clock := _CLOCK.search(said)):
        found = _until(clock, now)
    return found if found is not None and 0 < found <= LONGEST_S else None


def _find_span(said: str) -> float | None:
    if seconds := _SECONDS.search(said):
        return float(seconds[1])
    span = _SPAN.search(said)
    if span is None:
        return None
    parts = _PART.findall(span[1])
    return sum(float(number) * _UNITS_S[unit if unit == "ms" else unit[0]] for number, unit in parts)


def _until(clock: re.Match[str], now: datetime) -> float | None:
    """Return the seconds to a time of the day: the next one, unless a date is named."""
    month, day, year, hour, minute, half, zone = clock.groups()
    there = now.astimezone((_zone(zone) if zone else None) or now.tzinfo)
    try:
        hours = int(hour) % 12 + (12 if half == "p" else 0)
        at = there.replace(hour=hours, minute=int(minute or 0), second=0, microsecond=0)
        if month is not None:
            at = at.replace(month=_MONTHS.index(month) + 1, day=int(day), year=int(year or at.year))
    except ValueError:  # no such hour, day or month
        return None
    if month is None and at <= there:
        at += timedelta(days=1)
    return (at - there).total_seconds()


def _zone(name: str) -> tzinfo | None:
    """Return a zone by its name in whatever letters; our own when there is none of it."""
    words = "/".join("_".join(part.capitalize() for part in word.split("_")) for word in name.split("/"))
    for known in (words, name.upper()):
        try:
            return ZoneInfo(known)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None
