"""Rounds per hour with several lanes on a simulated host of eight cards, and what speculation costs.

The benchmark sleeps: that is what a card does for us while it measures, so two cores are enough for eight cards as long
as our own work for a round is a small part of its sleep. All rounds are alike: each candidate is slower than best by
more than the noise, so that none lasts longer than another by chance.
Run as ``python -m bench.lanes [SECONDS [LANES]]``: the sleep of one run of the benchmark, and which numbers of lanes
(``8``, ``2,4``) are measured beside one at the same time, if not all; its exit code says whether the bar is held.
"""

import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from kernel_opt.model.facts import Benched, Entry
from kernel_opt.model.round_facts import Dropped, Ending, Kept, Rebased
from tests.e2e.side_by_side import BASE_US, kernel, make
from tests.e2e.toy import Page, Toy, writes

PAIRS = ((1, 8), (2, 4))
"""Numbers of lanes; a pair is measured at the same time, each on a host of its own, since both mostly sleep."""
CARDS = 8
BAR_PCT = 85.0
"""Of eight times the rounds of one lane."""
SLEEP_S = 20.0
"""With it a round holds its card for more than one and a half minutes; a real one holds it for some minutes."""
ROUNDS_PER_LANE = 6
"""The first and the last are not counted."""
SLOWER = 1.005
"""Far beyond the noise of the times, which is a tenth of a percent, and below what the judge takes for worth a word."""
LIMIT_S = 3600.0
SHORT_S = 2.0
"""Sleep of the run with gains: how much is spent in vain does not depend on it."""
GAINS = (1, 3, 6, 8)
"""Rounds of the other run that gain, of twelve."""
LOSES_US = 106.0
"""One config of twelve in the others: half a percent in all, as above."""
_CUT = threading.Event()
"""Whoever ends this early ends the daemons that it started, too."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one run came to."""

    lanes: int
    rounds: int
    wall_s: float
    gpu_s: float

    @property
    def per_hour(self) -> float:
        """Rounds in an hour."""
        return 3600 * self.rounds / self.wall_s

    @property
    def busy_pct(self) -> float:
        """How much of the time the cards of all lanes were held."""
        return 100 * self.gpu_s / (self.lanes * self.wall_s)


def main() -> int:
    """Measure and tell."""
    sleep_s = float(sys.argv[1]) if len(sys.argv) > 1 else SLEEP_S
    pairs = ((1, *map(int, sys.argv[2].split(","))),) if len(sys.argv) > 2 else PAIRS
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: _CUT.set())
    with tempfile.TemporaryDirectory(prefix="kernel-opt-bench-") as folder:
        base = Path(folder)
        rates = sorted((rate for pair in pairs for rate in _measure(base, pair, sleep_s)), key=lambda rate: rate.lanes)
        told = [_tell(rate, rates[0]) for rate in rates]
        print(f"one run of the benchmark sleeps {sleep_s:g} s; {CARDS} cards; nothing is kept")
        print("\n".join(told), flush=True)
        print(tell_speculation(base / "gains", min(sleep_s, SHORT_S)))
    reached = _ideal_pct(rates[-1], rates[0])
    print(f"{rates[-1].lanes} lanes: {reached:.0f} % of ideal, bar {BAR_PCT:.0f} %")
    return 0 if reached >= BAR_PCT else 1


def _measure(base: Path, pair: Sequence[int], sleep_s: float) -> list[Rate]:
    with ThreadPoolExecutor() as threads:
        return list(threads.map(lambda lanes: measure_rate(base / f"lanes-{lanes}", lanes, sleep_s), pair))


def measure_rate(base: Path, lanes: int, sleep_s: float) -> Rate:
    """Carry a run out in which every round is measured and none is kept."""
    times = [{name: SLOWER * us + n / 1000 for name, us in BASE_US.items()} for n in range(ROUNDS_PER_LANE * lanes)]
    book = {f"{n}:propose": writes(_code(sleep_s, **us), sentence=f"try {n}") for n, us in enumerate(times, start=1)}
    return rate_of(lanes, _play(base, book, lanes, sleep_s).entries())


def rate_of(lanes: int, past: Sequence[Entry]) -> Rate:
    """Return the rate from the end of the lanes' first rounds to that of their last but one, in the mean of the lanes.

    So it does not matter whether the lanes' rounds end together or one after the other, nor that there is less and less
    to do at the end.
    """
    ends = [entry for entry in past if isinstance(entry.fact, Dropped | Kept)]
    odd = [one for one in ends if not isinstance(one.fact, Dropped) or one.fact.ending is not Ending.REGRESSION]
    if odd or len(ends) <= 2 * lanes:
        told = f"round {odd[0].round} ended as {odd[0].fact}" if odd else f"only {len(ends)} rounds have ended"
        raise ValueError(f"{lanes} lanes: the rates of such runs do not compare, {told}")
    begun = fmean(entry.at_s for entry in ends[:lanes])
    over = fmean(entry.at_s for entry in ends[-2 * lanes : -lanes])
    held = sum(max(0.0, min(entry.at_s, over) - max(entry.at_s - gpu_s(entry), begun)) for entry in past)
    return Rate(lanes, len(ends) - 2 * lanes, over - begun, held)


def tell_speculation(base: Path, sleep_s: float) -> str:
    """Say what part of the GPU time was spent on candidates that were put on a newer best afterwards."""
    book: dict[str, Page] = {}
    us = {f"c{n}": 100.0 for n in range(1, 13)}
    for number in range(1, 13):
        times = us | {f"c{number}": 60.0 if number in GAINS else LOSES_US}
        book[f"{number}:propose"] = writes(_code(sleep_s, **times), sentence=f"try {number}")
    toy = _play(base, book, 4, sleep_s, _code(sleep_s, **us))
    past = toy.entries()
    spent, wasted = sum(map(gpu_s, past)), sum(stale_gpu_s(past).values())
    kept = sum(isinstance(entry.fact, Kept) for entry in past)
    put = sum(isinstance(entry.fact, Rebased) for entry in past)
    return (
        f"4 lanes, {len(book)} rounds, {kept} kept, {put} times put on a newer best: {wasted:.0f} of {spent:.0f} s of "
        f"GPU time ({100 * wasted / spent:.0f} %) measured what was measured again"
    )


def stale_gpu_s(past: Sequence[Entry]) -> Mapping[int, float]:
    """Return, by round, the GPU time that was spent before the round was last put on a newer best."""
    last = {entry.round: entry.seq for entry in past if isinstance(entry.fact, Rebased)}
    lost = {entry.round: entry.seq for entry in past if isinstance(entry.fact, Dropped) and _is_lost(entry.fact)}
    until = last | lost
    return {
        number: sum(gpu_s(one) for one in past if one.round == number and one.seq < seq)
        for number, seq in until.items()
    }


def _is_lost(fact: Dropped) -> bool:
    return fact.ending.value == "rebase-lost"


def gpu_s(entry: Entry) -> float:
    """Return the GPU time that a fact tells of."""
    return entry.fact.run.gpu_s if isinstance(entry.fact, Benched) else float(getattr(entry.fact, "gpu_s", 0.0))


def _play(base: Path, book: dict[str, Page], lanes: int, sleep_s: float, code: str = "") -> Toy:
    toy = make(base, book, lanes, CARDS, code or _code(sleep_s))
    toy.config.write_text(toy.config.read_text().replace("[stop]", "[stop]\nregressions_in_a_row = 0"))
    toy.start()
    until = time.monotonic() + LIMIT_S
    while toy.pid() is not None:
        if _CUT.wait(0.2) or time.monotonic() > until:
            toy.cli("stop", "--now")
            raise TimeoutError(f"a run of {len(book)} rounds was cut off, or has not ended in {LIMIT_S:.0f} s")
    return toy


def _code(sleep_s: float, **us: float) -> str:
    return kernel(f"import time\ntime.sleep({sleep_s})\n", **us)


def _ideal_pct(rate: Rate, alone: Rate) -> float:
    return 100 * rate.per_hour / (rate.lanes * alone.per_hour)


def _tell(rate: Rate, alone: Rate) -> str:
    told = f"{rate.lanes} lanes: {rate.rounds} rounds in {rate.wall_s:.0f} s, {rate.per_hour:.0f} an hour"
    return f"{told}, {_ideal_pct(rate, alone):.0f} % of {rate.lanes} times one lane; cards held {rate.busy_pct:.0f} %"


if __name__ == "__main__":
    sys.exit(main())
