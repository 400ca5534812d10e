"""``kernel-opt gpus``: every card, who is on it, whether it is idle and why, and which one would be taken."""

import argparse
import dataclasses
import json
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kernel_opt.cli.options import Subparsers, add_verb
from kernel_opt.edges.clock import Clock, SystemClock
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.gpus.rocm import SOURCES, open_platform
from kernel_opt.edges.lease import holder
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.gate import CardState, Thresholds, judge_card, pick_card

_EXAMPLES = """examples:
  kernel-opt gpus                      look twice, some seconds apart, and judge every card
  kernel-opt gpus --watch              look again and again until Ctrl-C
  kernel-opt gpus --source amd-smi     believe this tool only
  kernel-opt gpus --json | jq .would_take
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "gpus", "the cards, who is on them, which would be taken", _EXAMPLES)
    parser.add_argument("--source", choices=SOURCES, help="read with this tool only (default: the first that answers)")
    parser.add_argument("--watch", action="store_true", help="look again and again until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print JSON, one document a look")
    parser.add_argument(
        "--gap-s",
        type=float,
        default=Thresholds().gap_s,
        metavar="S",
        help="seconds between two looks (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Look, judge, print; exit code 0 when the cards could be read."""
    thresholds = Thresholds(gap_s=max(0.0, args.gap_s))
    platform = open_platform({"sources": [args.source]} if args.source else {})
    shown = show_looks(platform, thresholds, SystemClock(), holder, is_endless=args.watch)
    end = "\n\n" if args.watch and not args.json else "\n"
    try:
        for look in shown:
            sys.stdout.write((json.dumps(look) if args.json else _tell(look)) + end)
            sys.stdout.flush()
    except ReadFailedError as error:
        if args.json:
            sys.stdout.write(json.dumps({"gpus": [], "would_take": None, "problem": str(error)}) + "\n")
        raise
    except KeyboardInterrupt:
        if not args.watch:
            raise
    return 0


def show_looks(
    platform: Platform,
    thresholds: Thresholds,
    clock: Clock,
    find_holder: Callable[[str], dict[str, Any] | None],
    *,
    is_endless: bool,
) -> Iterator[dict[str, Any]]:
    """Yield what is known after as many looks as the gate wants, then, if endless, after every further one."""
    looks: deque[tuple[Reading, ...]] = deque(maxlen=thresholds.looks)
    while True:
        looks.append(platform.read_cards())
        if len(looks) == thresholds.looks:
            yield _summarise(_judge(looks, platform, thresholds), platform, find_holder)
            if not is_endless:
                return
        clock.sleep_s(thresholds.gap_s)


def _judge(looks: Sequence[Sequence[Reading]], platform: Platform, thresholds: Thresholds) -> list[CardState]:
    """Judge each card of the last look by all looks at it; sources may number cards anew, keys stay."""
    states: list[CardState] = []
    for card in looks[-1]:
        key = platform.lease_key(card)
        of_card = [reading for look in looks for reading in look if platform.lease_key(reading) == key]
        states.append(judge_card(of_card, thresholds))
    return states


def _summarise(
    states: Sequence[CardState], platform: Platform, find_holder: Callable[[str], dict[str, Any] | None]
) -> dict[str, Any]:
    holders = [_find_holder(platform.lease_key(state.reading), find_holder) for state in states]
    free = [state for state, held in zip(states, holders, strict=True) if held is None]
    taken = pick_card(free, {})
    gpus = [_describe(state, held) for state, held in zip(states, holders, strict=True)]
    return {"gpus": gpus, "would_take": None if taken is None else taken.reading.card}


def _find_holder(key: str, find_holder: Callable[[str], dict[str, Any] | None]) -> dict[str, Any] | None:
    """A lock that cannot be looked at is as good as held: we could not take it either."""
    try:
        return find_holder(key)
    except InfrastructureError as error:
        return {"problem": str(error)}


def _describe(state: CardState, held: dict[str, Any] | None) -> dict[str, Any]:
    known = dataclasses.asdict(state.reading)
    first = {"card": known.pop("card"), "hip_index": known.pop("hip_index"), "idle": state.idle, "why": state.why}
    del known["at_s"]
    known["suspects"] = list(known["suspects"])
    known["users"] = None if known["users"] is None else list(known["users"])
    return {**first, **known, "leased_by": held}


def _tell(look: dict[str, Any]) -> str:
    """Tell a look to people: two lines a card."""
    lines: list[str] = []
    for gpu in look["gpus"]:
        hip = "unknown" if gpu["hip_index"] is None else gpu["hip_index"]
        name = gpu["name"] or gpu["gfx"] or "unknown card"
        part = "" if not gpu["partition_id"] else f" partition {gpu['partition_id']}"
        lines.append(f"card {gpu['card']} (HIP {hip}, {gpu['bdf'] or 'PCI address unknown'}{part}) {name}")
        lines.append(f"  {'idle' if gpu['idle'] else 'not idle'}: {gpu['why']}")
        lines.append(f"  {_tell_figures(gpu)}")
        if gpu["problem"]:
            lines.append(f"  note: {gpu['problem']}")
        if gpu["leased_by"] is not None:
            held = gpu["leased_by"]
            lines.append(f"  leased by pid {held.get('pid', 'unknown')} (run {held.get('tag', 'unknown')})")
    taken = look["would_take"]
    lines.append("no card would be taken" if taken is None else f"card {taken} would be taken")
    return "\n".join(lines)


def _tell_figures(gpu: dict[str, Any]) -> str:
    use = "load unknown" if gpu["use_pct"] is None else f"load {gpu['use_pct']:g} %"
    used, total = gpu["vram_used_bytes"], gpu["vram_total_bytes"]
    vram = "VRAM unknown" if used is None else f"VRAM {used / 2**30:.2f} of {total / 2**30:.0f} GiB"
    users = gpu["users"]
    names = ", ".join(f"pid {user['pid']} ({user['name']})" for user in users or ())
    who = "users unknown" if users is None else f"used by {names}" if users else "no user"
    return f"{use}, {vram}, {who} ({gpu['source']})"
