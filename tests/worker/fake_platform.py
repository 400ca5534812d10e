"""A platform whose cards are a JSON file: tests change the file, a worker in another process sees it.

As a job of a scheduler it shows the cards that were granted; a node may have a file of its own.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import GpuUser, Reading

MEBIBYTE = 1 << 20
_TOLD = ("unique_id", "sclk_mhz", "throttled", "power_cap_w", "perf_level")


@dataclass(frozen=True)
class FakePlatform:
    """Reads the cards of ``state``: a list of objects with what is not ordinary about each card."""

    state: Path
    name: str = "fake"

    def read_cards(self) -> tuple[Reading, ...]:
        """Read the file; ``{"fail": ...}`` fails, ``{"hang_s": ...}`` answers late, ``{"count": ...}`` counts."""
        node = os.environ.get("SLURMD_NODENAME", "")
        own = self.state.with_name(f"{self.state.name}.{node}")
        cards = json.loads((own if node and own.exists() else self.state).read_text())
        if isinstance(cards, dict):
            time.sleep(cards.get("hang_s", 0))
            if "fail" in cards:
                raise ReadFailedError(cards["fail"])
            if cards.get("count"):
                with self.state.with_name("looks").open("ab") as looks:
                    looks.write(b".")
            cards = cards["cards"]
        granted = os.environ.get("SLURM_JOB_GPUS")
        shown = range(len(cards)) if granted is None else [int(number) for number in granted.split(",")]
        return tuple(self._read_card(number, cards[number], node) for number in shown)

    def bind(self, card: Reading, environ: Mapping[str, str]) -> dict[str, str]:
        """Show one card, and hide the mask a person had set."""
        return {key: value for key, value in environ.items() if key != "FAKE_MASK"} | {"FAKE_CARD": str(card.card)}

    def enclose(self, card: Reading, environ: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """Show one card; it has no device."""
        return (), self.bind(card, environ)

    def lease_key(self, card: Reading) -> str:
        """Name the card by its bus address."""
        return f"fake-{card.bdf}"

    def _read_card(self, number: int, card: Mapping[str, object], node: str) -> Reading:
        users = card.get("users", [])
        return Reading(
            card=number,
            source="fake",
            at_s=time.clock_gettime(time.CLOCK_BOOTTIME),
            bdf=f"{node.removeprefix('n') or '0':0>4}:{number:02x}:00.0",
            use_pct=card.get("use_pct", 0.0),
            vram_used_bytes=card.get("vram_mib", 10) * MEBIBYTE,
            vram_total_bytes=1024 * MEBIBYTE,
            users=None if users is None else tuple(GpuUser(pid, "python") for pid in users),
            pids_local=True,
            **{
                key: card[key]
                for key in ("unique_id", "sclk_mhz", "throttled", "power_cap_w", "perf_level")
                if key in card
            },
        )


def open_platform(options: Mapping[str, object]) -> FakePlatform:
    """Open the platform a session request names; it knows one option."""
    if options.keys() != {"state"}:
        raise TypeError(f"unknown options: {sorted(options)}")
    return FakePlatform(Path(str(options["state"])))
