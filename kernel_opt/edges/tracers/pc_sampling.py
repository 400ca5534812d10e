"""PC samples as CSV: from the trap handler, which tells where a wave was, or stochastic, which tells why it waited."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from kernel_opt.edges.tracers.csv_header import Header, read_header, read_rows
from kernel_opt.edges.tracers.kernel_row import parse_count
from kernel_opt.edges.tracers.refusal import LineError, refuse
from kernel_opt.edges.tracers.site_table import SiteTable

_REASON = "ROCPROFILER_PC_SAMPLING_INSTRUCTION_NOT_ISSUED_REASON_"
_Place = tuple[str, str, str]


def read_pc_samples(path: Path, table: SiteTable, kernels: Mapping[int, str]) -> str | None:
    """Read one file into the table; ``kernels`` names the kernel of a dispatch.

    Returns a note when samples belong to dispatches that the trace does not list.
    """
    table.set_unit("samples")
    header = read_header(path, ("dispatch_id", "instruction", "instruction_comment"))
    samples: Counter[_Place] = Counter()
    stalls: dict[_Place, Counter[str]] = {}
    strays = 0
    for place, reason, is_known in _read_rows(path, header, kernels):
        samples[place] += 1
        strays += not is_known
        if reason:
            stalls.setdefault(place, Counter())[reason] += 1
    for place, count in samples.items():
        kernel, instruction, source = place
        reasons = stalls.get(place, Counter[str]())
        row = (instruction, 0, 0, source, 0, None, count, count, sum(reasons.values()), 0)
        table.add([row], kernel, reasons)
    return f"{strays} samples of {path.name} belong to dispatches that are not listed" if strays else None


def _read_rows(path: Path, header: Header, kernels: Mapping[int, str]) -> Iterator[tuple[_Place, str, bool]]:
    dispatch, instruction, comment = (
        header.columns.index(name) for name in ("dispatch_id", "instruction", "instruction_comment")
    )
    issued, reason = header.find("wave_issued_instruction"), header.find("stall_reason")
    for number, fields in read_rows(path, header):
        if len(fields) != len(header.columns):
            raise refuse(path, number, "not a whole row of a sample: the line is cut off or damaged")
        try:
            kernel = kernels.get(parse_count(fields[dispatch], "Dispatch_Id", number))
        except LineError as error:
            raise refuse(path, error.line, error.reason) from None
        place = (kernel or "", fields[instruction].strip(), fields[comment].strip())
        why = "" if issued is None or reason is None or fields[issued] != "0" else _say_reason(fields[reason])
        yield place, why, kernel is not None


def _say_reason(text: str) -> str:
    return text.removeprefix(_REASON).lower()
