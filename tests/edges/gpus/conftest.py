"""A scripted host for the tests of the GPU edge: stand-in tools on PATH, tables of its own."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.gpus.rocm import open_platform
from tests.rocm.tree import FIRST_PID_NAMESPACE, build_tree, put_processes

STAND_INS = Path(__file__).parents[2] / "rocm"
# In the order of rocm-smi, which is that of the bus; HIP counts in the order of the nodes.
CARDS = [
    {"bdf": "0000:05:00.0", "unique_id": "0x8d1457e2c20f59d2", "node_id": 3, "guid": 28851},
    {"bdf": "0000:75:00.0", "unique_id": "0xb4fa34630e85d42a", "node_id": 2, "guid": 51499},
]


class ScriptedHost:
    """One scripted host; call ``play`` first, then ``open``."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._script = root / "host.json"
        self._options: dict[str, object] = {}
        for variable in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("SCRIPTED_HOST", str(self._script))
        monkeypatch.setenv("PATH", f"{STAND_INS}{os.pathsep}/usr/bin{os.pathsep}/bin")

    def play(
        self,
        *,
        cards: Sequence[dict] = CARDS,
        has_tables: bool = True,
        pid_namespace: str = FIRST_PID_NAMESPACE,
        **script: object,
    ) -> None:
        """Write the script and, where the host shows them, the driver's tables."""
        self._options = {f"{name}_root": str(self.root / "none" / name) for name in ("sys", "dev", "proc")}
        if has_tables:
            self._options = dict(build_tree(self.root, list(cards), pid_namespace=pid_namespace))
            script["tree"] = str(self.root)
        self._script.write_text(json.dumps({"cards": list(cards), **script}))

    def put(self, processes: Sequence[dict], cards: Sequence[dict] = CARDS) -> None:
        """Put processes in the driver's table, whatever the script says."""
        put_processes(self.root, [{"card": number, **card} for number, card in enumerate(cards)], list(processes))

    def open(self, *sources: str, **options: object) -> Platform:
        """Open the platform on this host."""
        return open_platform({"sources": list(sources or ("rocm-smi",)), **self._options, **options})


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedHost:
    return ScriptedHost(tmp_path, monkeypatch)


@pytest.fixture
def make_tool(tmp_path: Path) -> Callable[[str, str], str]:
    """Return a function that writes a small shell program and returns its path."""

    def make(name: str, script: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make
