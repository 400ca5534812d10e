"""Checks of the platform: its tools, its cards, and the right to use them."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.idle_card import open_platform
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.tracers.host import find_compiler
from kernel_opt.edges.tracers.rocprofv3 import probe
from kernel_opt.model.errors import KernelOptError, UsageError
from kernel_opt.model.settings import PlatformSettings, Settings
from kernel_opt.rules.doctor import Check, fail, ok, warn

_SOURCES = ("rocm-smi", "amd-smi")


def check_platform(settings: Settings | None) -> Sequence[Check]:
    """Check what the platform of the settings needs."""
    if settings is None:
        return []
    kit = open_kit(settings.platform)
    found: list[Check] = []
    if kit.name == "rocm":
        device = Path(str(settings.platform.options.get("dev_root", "/dev"))) / "kfd"
        found += [*check_tracer(), *check_access(device)]
    if kit.name == "host":
        found += check_compiler()
    return [*found, *_check_cards(settings.platform)]


def check_tracer() -> Sequence[Check]:
    """Tell whether rocprofv3 starts, and which one it is."""
    version, why = probe()
    if version is None:
        return [fail("tracer", why, "install rocprofiler-sdk, or add ROCm's bin folder to PATH")]
    return [ok("tracer", f"rocprofv3 {version.version} (ROCm {version.rocm})")]


def check_access(device: Path) -> Sequence[Check]:
    """Tell whether this user may use the cards."""
    if not device.exists():
        mend = "load the amdgpu driver; in a container pass --device /dev/kfd --device /dev/dri"
        return [fail("access", f"there is no {device}", mend)]
    if not os.access(device, os.R_OK | os.W_OK):
        return [
            fail("access", f"this user may not use {device}", "join the groups render and video, then log in again")
        ]
    return [ok("access", f"{device} can be used")]


def check_compiler() -> Sequence[Check]:
    """Tell whether there is a C compiler, which the host platform's tracer is built with."""
    try:
        return [ok("compiler", " ".join(find_compiler(os.environ)))]
    except UsageError as error:
        return [fail("compiler", error.message, error.mend)]


def _check_cards(settings: PlatformSettings) -> Sequence[Check]:
    """Look at the cards once; none is taken."""
    try:
        cards = open_platform(open_kit(settings).choice).read_cards()
    except KernelOptError as error:
        return [fail("cards", error.message, error.mend)]
    if not cards:
        return [fail("cards", "this host has none", 'without a GPU there is platform.name = "host"')]
    tools = [name for name in _SOURCES if shutil.which(name)]
    told = f"{len(cards)} read by {cards[0].source}"
    withheld = [card for card in cards if card.withheld]
    if len(withheld) == len(cards):
        return [fail("cards", f"{told}, none of them ours to take: {withheld[0].withheld}", "see `kernel-opt gpus`")]
    if settings.name == "rocm" and not tools:
        return [warn("cards", f"{told}; neither rocm-smi nor amd-smi is on PATH", "add ROCm's bin folder to PATH")]
    return [ok("cards", told)]
