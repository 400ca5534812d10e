"""The example's own settings, fitted to a few minutes on a machine that people use."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.gpus.host import open_platform
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.settings_file import plain_settings
from kernel_opt.model.errors import ReadFailedError, UsageError
from kernel_opt.model.settings import GateSettings, Settings
from kernel_opt.rules.card.gate import Thresholds, judge_card

HEAD = "What this demo runs with: the example's own kernel-opt.toml, fitted to minutes."
INTERVAL_S = 2.0  # between two looks for a core; the demo has minutes, not a night
WINDOW_S = 0.2  # of a look: load is told in ticks of 10 ms, so this tells a twentieth of a core
NOISE_RUNS = 5  # fewer tell no noise at all
PAIRS = 6  # a candidate that is not clear by then is dropped as unclear: never a wrong keep, at most a missed gain
_QUIET_PCT = 25.0  # a desktop's housekeeping; whoever computes has more than that
_ANY_PCT = 100.0
_PATIENCE = 0.1  # share of the time spent on waiting for a core of our own


def find_quiet_core(settings: Settings, minutes: float, say: Callable[[str], None]) -> bool:
    """Wait a little for a core that nobody uses; say what is in the way, and whether there was one."""
    platform = open_platform({**settings.platform.options, "window_s": WINDOW_S, "user_pct": _QUIET_PCT})
    limit_s = 60 * minutes * _PATIENCE
    until, was_told = time.monotonic() + limit_s, False
    while True:
        why = _find_reason(platform)
        if why is None:
            return True
        if time.monotonic() > until:
            say("no core is free: measuring beside others. Only the CPU time of the one thread counts, and best and")
            say("candidate run in turn, so verdicts hold; but the figures are coarser, and it takes longer.")
            return False
        if not was_told:
            say(f"waiting up to {limit_s:.0f} s for a core that nobody uses: {why}")
            was_told = True


def _find_reason(platform: Platform) -> str | None:
    """Look twice; return why no core is idle, or None when one is."""
    try:
        looks = [platform.read_cards() for _ in range(2)]
    except ReadFailedError as error:
        return str(error)
    limits = Thresholds(use_pct=_QUIET_PCT, gap_s=0.0)
    cards = [[look[number] for look in looks] for number in range(min(map(len, looks)))]
    states = [judge_card(card, limits) for card in cards]
    if any(state.idle for state in states):
        return None
    return "; ".join(f"core {state.reading.card}: {state.why}" for state in states) or "no core can be read"


def fit_settings(settings: Settings, minutes: float, seed: int, *, is_quiet: bool) -> Settings:
    """Return settings for a demo: fewer runs and shorter waits, the same judge, the same rules."""
    pct = _QUIET_PCT if is_quiet else _ANY_PCT
    # Of a core, a process can have no more than all: at the double nobody counts as its user.
    options = {**settings.platform.options, "window_s": WINDOW_S, "user_pct": pct if is_quiet else 2 * _ANY_PCT}
    looks = max(2, round(60 * minutes / INTERVAL_S))
    gate = GateSettings(
        interval_s=INTERVAL_S, looks=looks, readings=2, gap_s=0.1, watch_s=settings.gate.watch_s, use_pct=pct
    )
    return replace(
        settings,
        platform=replace(settings.platform, options=options),
        gate=gate,
        judge=replace(settings.judge, max_pairs=PAIRS),
        agent=replace(settings.agent, name="playbook,knobs"),
        round=replace(settings.round, noise_runs=NOISE_RUNS),
        search=replace(settings.search, seed=seed),
    )


def write_settings(path: Path, settings: Settings, head: str = HEAD) -> None:
    """Write settings as TOML, every key of them."""
    plain = plain_settings(settings)
    tops = [f"{key} = {_toml(value)}" for key, value in plain.items() if not _is_table(value)]
    tables = [line for key, value in plain.items() if _is_table(value) for line in _table(key, value)]
    text = "\n".join([f"# {head}", *tops, *tables])
    atomic_write(path, f"{text}\n".encode())


def _is_table(value: object) -> bool:
    if isinstance(value, list | tuple):
        rows = cast("list[object]", value)
        return bool(rows) and isinstance(rows[0], dict)
    return isinstance(value, dict)


def _table(name: str, value: object) -> list[str]:
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        return ["", f"[{name}]", *(f"{key} = {_toml(one)}" for key, one in found.items())]
    lines: list[str] = []
    for row in cast("list[dict[str, Any]]", value):
        lines += ["", f"[[{name}]]", *(f"{key} = {_toml(one)}" for key, one in row.items())]
    return lines


def _toml(value: object) -> str:
    """Return a plain value as TOML; its strings and numbers are JSON's."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in cast("dict[str, Any]", value).items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in cast("list[Any]", value)) + "]"
    if value is None:
        raise UsageError("a setting without a value cannot be written", "leave it out")
    return json.dumps(value, ensure_ascii=False)
