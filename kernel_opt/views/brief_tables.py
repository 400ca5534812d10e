"""The tables of the brief: hot places, kernels, config classes."""

from kernel_opt.model.state import RunState
from kernel_opt.model.trace import Trace
from kernel_opt.views.format import clean_line

HOTSPOTS = 24  # more than anyone acts on in one edit
KERNELS = 8
LINE_CAP = 300


def hotspot_facts(trace: Trace | None) -> list[dict[str, object]]:
    """Return the hottest places as rows."""
    return [
        {
            "id": spot.id,
            "kind": spot.kind,
            "kernel": table_cell(spot.kernel),
            "share_pct": spot.share_pct,
            "source": table_cell(spot.source),
            "note": table_cell(spot.note),
        }
        for spot in (trace.hotspots[:HOTSPOTS] if trace else ())
    ]


def kernel_facts(trace: Trace | None) -> list[dict[str, object]]:
    """Return the kernels under tuning as rows; what the tracer did not tell is a dash."""
    targets = {target.name for target in trace.targets} if trace else set[str]()
    waves = {
        one.kernel: f"{one.waves_per_simd:g} of {one.max_waves_per_simd}, limit: {', '.join(one.limited_by) or 'none'}"
        for one in (trace.occupancy if trace else ())
    }
    return [
        {
            "name": table_cell(kernel.name),
            "calls": kernel.calls,
            "average_us": kernel.average_ns / 1000,
            "arch_vgpr": _known(kernel.arch_vgpr),
            "accum_vgpr": _known(kernel.accum_vgpr),
            "sgpr": _known(kernel.sgpr),
            "lds_bytes": _known(kernel.lds_bytes),
            "waves": waves.get(kernel.name, "-"),
        }
        for kernel in (trace.kernels if trace else ())
        if kernel.name in targets
    ][:KERNELS]


def class_facts(state: RunState) -> list[dict[str, object]]:
    """Return the config classes as rows."""
    return [
        {
            "key": one.key,
            "us": one.us,
            "share_pct": one.share_pct,
            "detectable": "unknown" if (pct := state.detectable_pct.get(one.key)) is None else f"{pct:.1f}",
        }
        for one in state.classes
    ]


def _known(value: int | None) -> object:
    return "-" if value is None else value


def table_cell(text: str) -> str:
    """Return foreign text that can stand in a cell of a table."""
    return clean_line(text)[:LINE_CAP].replace("|", "\\|")
