"""A scripted host: what the stand-ins for the status tools show is read from one JSON file.

The file is named by ``SCRIPTED_HOST`` and holds

* ``rocm``: the version whose layout is played, such as ``"6.2"``;
* ``cards``: in the order of rocm-smi; each with ``bdf``, ``unique_id``, ``node_id``, ``guid`` and, where they differ
  from the ordinary, ``name``, ``gfx``, ``vram_total``, ``partition_id``, ``is_mute`` (a partition without a load);
* ``moments``: what happens from the call ``from_call`` of a tool on, or ``from_s`` seconds after the first call of all,
  or only as long as the file ``while_there`` is there:
  ``cards`` (by number: ``use_pct``, ``vram_used``, ``power_cap``, ``perf_level``, ``sclk``, ``temperature``,
  ``throttled``; null is "N/A"), ``processes``
  (``pid``, ``name``, ``cards``, ``vram``; null instead of the list: listing failed), and ``fault`` (hang, crash,
  garbage, empty, slow, flood), which only ``tools`` have where they are named;
* ``refuses``: options that this version does not know; ``noise``: lines printed before the JSON;
* ``tree``: the root of the scripted sysfs, in which the processes of the moment are put at every call.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

MIB = 2**20


class Host:
    """One call of one tool on the scripted host."""

    def __init__(self, tool: str) -> None:
        self._path = Path(os.environ["SCRIPTED_HOST"])
        self.script = json.loads(self._path.read_text())
        self.version = tuple(int(part) for part in self.script.get("rocm", "6.2").split("."))
        self.moment = self._find_moment(self._count_call(tool), self._find_age_s())
        self._sync_tree()
        if tool in self.moment.get("tools", [tool]):
            play_fault(self.moment.get("fault"))

    def cards(self) -> list[dict]:
        """Return every card as it is at this moment."""
        now = self.moment.get("cards", {})
        ordinary = {"use_pct": 0, "vram_used": 283 * MIB, "power_cap": 750.0, "perf_level": "auto"}
        ordinary |= {"sclk": 131, "temperature": 35.0, "throttled": False}
        fixed = {"name": "AMD Instinct MI300X", "gfx": "gfx942", "vram_total": 206141652992, "partition_id": 0}
        return [
            {"card": number, **fixed, **ordinary, **card, **now.get(str(number), {})}
            for number, card in enumerate(self.script["cards"])
        ]

    def processes(self) -> list[dict] | None:
        """Return the processes of this moment; None when listing them fails."""
        return self.moment.get("processes", [])

    def _count_call(self, tool: str) -> int:
        counter = self._path.with_suffix(f".{tool}.calls")
        with counter.open("a+b") as calls:
            calls.write(b".")
            return calls.tell() - 1

    def _find_age_s(self) -> float:
        start = self._path.with_suffix(".start")
        try:
            with start.open("x") as first:
                first.write(str(time.time()))
        except FileExistsError:
            return time.time() - float(start.read_text() or time.time())
        return 0.0

    def _find_moment(self, call: int, age_s: float) -> dict:
        """Take the last moment that has begun."""
        begun = [
            moment
            for moment in self.script.get("moments", [])
            if moment.get("from_call", 0) <= call and moment.get("from_s", 0.0) <= age_s
            if Path(moment.get("while_there", self._path)).exists()
        ]
        return begun[-1] if begun else {}

    def _sync_tree(self) -> None:
        if "tree" not in self.script:
            return
        from tree import put_processes

        put_processes(Path(self.script["tree"]), self.cards(), self.processes() or [])


def play_fault(fault: str | None) -> None:
    """Fail as a status tool is known to fail."""
    if fault == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(3600)
    if fault == "slow":
        time.sleep(1.0)
    if fault == "crash":
        sys.stderr.write("Traceback (most recent call last):\nValueError: invalid literal: 'N/A'\n")
        sys.exit(1)
    if fault == "garbage":
        sys.stdout.buffer.write(random.Random(7).randbytes(4096) + b'{"card0": {"GPU use (%)": "0", "VRAM Tot')
        sys.exit(0)
    if fault == "empty":
        sys.stderr.write("ERROR:root:Driver not initialized (amdgpu not found in modules)\n")
        sys.exit(0)
    while fault == "flood":
        sys.stdout.write("no such thing " * 4096)
