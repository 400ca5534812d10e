"""How figures and foreign text look wherever people read them. Standard library only: `status` starts with it."""

import math
import time
from collections.abc import Sequence
from unicodedata import category, east_asian_width

SINGLE_RUN_PCT = 0.5
"""What one benchmark run is taken to be good for when nobody measured it: half a per cent is usual on a quiet card."""
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_PLAIN = str.maketrans({"±": "+-", "→": "->", "…": "...", "·": "-", "─": "-", "×": "x", "—": "-", "–": "-"})


def clean(text: str) -> str:
    """Return foreign text as one harmless line: no escape codes, no reordering marks, single spaces."""
    kept = (char if not category(char).startswith("C") else " " if char in "\t\n\r" else "" for char in text)
    return " ".join("".join(kept).split())


def clean_line(text: str) -> str:
    """Return one line of foreign text with its indentation kept and everything that steers a terminal shown as `?`."""
    return "".join("    " if char == "\t" else "?" if category(char).startswith("C") else char for char in text)


def width_of(text: str) -> int:
    """Count terminal columns: wide characters take two, combining ones none."""
    return sum(
        0 if category(char) in {"Mn", "Me"} else 2 if east_asian_width(char) in {"W", "F"} else 1 for char in text
    )


def shorten(text: str, width: int) -> str:
    """Cut text to so many columns, with a mark where it was cut."""
    if width_of(text) <= width:
        return text
    kept, used = "", 0
    for char in text:
        used += width_of(char)
        if used > width - 1:
            break
        kept += char
    return kept.rstrip() + "…" if width > 0 else ""


def tell_apart(keys: Sequence[str], width: int) -> list[str]:
    """Return class keys for a narrow column: what they all share goes first, then what does not fit."""
    shown = [clean(key) for key in keys]
    if max(map(width_of, shown), default=0) > width and len(shown) > 1:
        parts = [key.split(", ") for key in shown]
        shared = set(parts[0]).intersection(*parts[1:])
        shown = [
            ", ".join(part for part in each if part not in shared) or key
            for each, key in zip(parts, shown, strict=True)
        ]
    return [shorten(key, width) for key in shown]


def pad(text: str, width: int) -> str:
    """Fill text up with spaces to so many columns."""
    return text + " " * max(0, width - width_of(text))


def plain(text: str) -> str:
    """Return text for a terminal that shows nothing but ASCII."""
    return text.translate(_PLAIN).encode("ascii", "replace").decode()


def decimals_of(uncertainty: float | None, most: int = 1) -> int:
    """Return how many decimals are known: the first digit of the uncertainty is the last one shown."""
    if uncertainty is None or not math.isfinite(uncertainty):
        return 0
    return most if uncertainty <= 0 else min(most, max(0, -math.floor(math.log10(uncertainty))))


def known(value: float, uncertainty: float | None, most: int = 1) -> float:
    """Round a value to what is known of it; never -0."""
    return round(value, decimals_of(uncertainty, most)) + 0.0


def gain_text(gain_pct: float | None, uncertainty_pct: float | None) -> str:
    """Write a gain such as `6.2 ± 0.4 %`; without a known uncertainty whole per cents, marked as about."""
    if gain_pct is None:
        return "unknown"
    places = decimals_of(uncertainty_pct)
    value = known(gain_pct, uncertainty_pct)
    if uncertainty_pct is None:
        return f"about {value:.0f} %"
    return f"{value:.{places}f} ± {max(uncertainty_pct, 0.1):.{places}f} %"


def us_text(us: float | None, uncertainty_pct: float | None = None) -> str:
    """Write microseconds with the digits that one run gives."""
    if us is None:
        return "unknown"
    unsure = us * (SINGLE_RUN_PCT if uncertainty_pct is None else max(uncertainty_pct, 0.01)) / 100
    return f"{us:.{decimals_of(unsure, 3)}f}"


def duration(seconds: float) -> str:
    """Write a time span in its two largest units."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        is_even = whole >= 600 or not whole % _MINUTE_S
        return f"{whole // _MINUTE_S} min" + ("" if is_even else f" {whole % _MINUTE_S:02d} s")
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S:02d} h"


def tokens_text(tokens: int) -> str:
    """Write a number of tokens as people say it; nobody needs the last of a million."""
    if tokens < 1000:
        return f"{tokens} tokens"
    return f"{tokens / 1000:.0f} thousand tokens" if tokens < 999_500 else f"{tokens / 1e6:.1f} million tokens"


def agent_cost_text(tokens: int | None, cost_usd: float | None) -> str:
    """Write what the agent took, as far as it told; what it never told is said so, not as nothing."""
    if not tokens and not cost_usd:
        return "agent tokens and money not recorded"
    used = tokens_text(tokens) if tokens else "tokens not recorded"
    return f"{used}, {cost_usd:.2f} USD" if cost_usd else f"{used}, money not recorded"


def moment(at_s: float) -> str:
    """Write a wall-clock time in this machine's zone, for a terminal."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))


def utc(at_s: float) -> str:
    """Write a wall-clock time in UTC, for documents that travel."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at_s))


def short(commit: str) -> str:
    """Return a commit as people quote it."""
    return commit[:10]


def count(number: int, word: str, words: str = "") -> str:
    """Write a number with its word, in the plural where there is more than one."""
    return f"{number} {word}" if number == 1 else f"{number} {words or word + 's'}"
