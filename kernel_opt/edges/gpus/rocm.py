"""The ROCm platform: cards read from whichever status tool answers, bound by what identifies them."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from kernel_opt.edges.gpus import amd_smi, pyrsmi_source, rocm_smi
from kernel_opt.edges.gpus.fence import drop_fenced
from kernel_opt.edges.gpus.masks import CUDA, HIP, ORDINAL, ROCR, bind_card, find_withheld
from kernel_opt.edges.gpus.merge import merge_readings
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.gpus.probe import Probe
from kernel_opt.edges.gpus.topology import GpuNode, read_agents, read_host
from kernel_opt.model.errors import ReadFailedError, UsageError
from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.identity import name_card

SOURCES = ("rocm-smi", "amd-smi", "pyrsmi")
_OPTIONS = frozenset({"sources", "sys_root", "dev_root", "proc_root", "timeout_s", "tools"})


class RocmPlatform:
    """Cards of an AMD host."""

    name = "rocm"

    def __init__(self, sources: Sequence[str], probe: Probe, roots: Sequence[str], environ: Mapping[str, str]) -> None:
        self._sources = sources
        self._probe = probe
        self._roots = roots
        self._environ = {key: environ[key] for key in (ROCR, HIP, CUDA, ORDINAL) if key in environ}
        self._agents: tuple[GpuNode, ...] | None = None
        self._cards: tuple[Reading, ...] = ()

    def read_cards(self) -> tuple[Reading, ...]:
        """Look once, with the first source that answers."""
        readings = self._ask_sources(time.clock_gettime(time.CLOCK_BOOTTIME))
        host = read_host(self._probe.ask_helper, self._roots)
        if host.nodes is None and self._agents is None and len(readings) > 1:
            # Asked once: it takes a second, and the order it tells stays until the driver is loaded anew.
            self._agents = read_agents(self._probe.ask)
        cards = drop_fenced(merge_readings(readings, host, self._agents), self._roots[1])
        self._cards = tuple(
            replace(card, withheld=card.withheld or find_withheld(card, cards, self._environ)) for card in cards
        )
        return self._cards

    def bind(self, card: Reading, environ: Mapping[str, str]) -> dict[str, str]:
        """Return ``environ`` changed so that a child sees this card and no other.

        Masks that the child's environment does not carry still hold when they stand in ours: a scheduler sets them
        there, and what it hides is not ours to take.
        """
        return bind_card(card, self._cards or (card,), {**self._environ, **environ})

    def enclose(self, card: Reading, environ: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """Show this card alone, as its only and therefore first one; all of them where its device is not known."""
        bound, devices = self.bind(card, environ), self._roots[1]
        if card.render_minor is None:
            return (f"{devices}/kfd", f"{devices}/dri"), bound
        alone = {name: value for name, value in bound.items() if name != ROCR}
        return (f"{devices}/kfd", f"{devices}/dri/renderD{card.render_minor}"), {**alone, HIP: "0"}

    def lease_key(self, card: Reading) -> str:
        """Return a name of the physical card (or partition) that is the same for every process on this host."""
        return name_card(card)

    def _ask_sources(self, at_s: float) -> tuple[Reading, ...]:
        problems: list[str] = []
        for source in self._sources:
            try:
                return _read(source, self._probe, at_s)
            except ReadFailedError as error:
                problems.append(error.message if error.message.startswith(source) else f"{source}: {error.message}")
        raise ReadFailedError(
            f"no AMD GPU can be read on this host: {'; '.join(problems)}",
            "install ROCm with the amdgpu driver, and see that `rocm-smi` shows the cards",
        )


def open_platform(options: Mapping[str, object]) -> Platform:
    """Open the platform; every option may be left out.

    ``sources``: order of the status tools. ``tools``: paths by tool name, or a list of ``name=path``. ``timeout_s``:
    limit of one call. ``sys_root``, ``dev_root``, ``proc_root``: where the host's tables are mounted.
    """
    for key in options:
        if key not in _OPTIONS:
            raise UsageError(f"the rocm platform has no option {key!r}", f"it has {', '.join(sorted(_OPTIONS))}")
    timeout_s = options.get("timeout_s", 5.0)
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or timeout_s <= 0:
        raise UsageError(f"timeout_s = {timeout_s!r} is no number of seconds above 0", "the default is 5")
    probe = Probe(timeout_s, _read_tools(options.get("tools", [])), os.environ)
    roots = [str(options.get(f"{root}_root", f"/{root}")) for root in ("sys", "dev", "proc")]
    return RocmPlatform(_read_sources(options.get("sources", list(SOURCES))), probe, roots, os.environ)


def _read(source: str, probe: Probe, at_s: float) -> tuple[Reading, ...]:
    readers = {
        "rocm-smi": partial(rocm_smi.read_cards, probe.ask),
        "amd-smi": partial(amd_smi.read_cards, probe.ask),
        "pyrsmi": partial(pyrsmi_source.read_cards, probe.ask_helper),
    }
    return readers[source](at_s)


def _read_sources(value: object) -> list[str]:
    sources = _list_names(value)
    wrong = next((source for source in sources if source not in SOURCES), None if sources else "")
    if wrong is not None:
        raise UsageError(f"no source of GPU readings is called {wrong!r}", f"choose from {', '.join(SOURCES)}")
    return sources


def _read_tools(value: object) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(name): str(path) for name, path in cast("Mapping[object, object]", value).items()}
    pairs = [name.partition("=") for name in _list_names(value)]
    return {name: path for name, _, path in pairs}


def _list_names(value: object) -> list[str]:
    return [str(name) for name in cast("Sequence[object]", value)] if isinstance(value, list | tuple) else [str(value)]
