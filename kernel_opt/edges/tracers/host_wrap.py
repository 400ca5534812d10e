"""The program that runs a command under the host tracer and leaves rocprofv3's tables of what it saw."""

import argparse
import csv
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from kernel_opt.edges.gpus.host import CPUS_VARIABLE
from kernel_opt.edges.gpus.host_proc import read_model_name
from kernel_opt.edges.tracers.host_tables import (
    AGENT_INFO,
    KERNEL_TRACE,
    PC_SAMPLING,
    Row,
    agent_row,
    kernel_rows,
    read_raw,
    sample_rows,
)
from kernel_opt.model.errors import ReadFailedError

_NO_TABLES = 70
"""Exit code when the command was fine but its trace could not be written: EX_SOFTWARE."""


def main(arguments: Sequence[str]) -> int:
    """Run the command that stands after ``--`` under the sampler, write the tables, return the command's exit code."""
    parser = argparse.ArgumentParser(prog="host tracer")
    parser.add_argument("--sampler", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--period-us", required=True)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    if cpus := os.environ.get(CPUS_VARIABLE):
        os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
    preloads = [options.sampler, *filter(None, [os.environ.get("LD_PRELOAD")])]
    own = {"HOST_TRACER_OUT": str(options.out), "HOST_TRACER_PERIOD_US": options.period_us}
    try:
        child = subprocess.Popen(options.command, env=os.environ | own | {"LD_PRELOAD": ":".join(preloads)})
    except OSError as error:
        sys.stderr.write(f"host tracer: cannot start {options.command[0]}: {error}\n")
        return 127
    code = child.wait()
    try:
        write_tables(options.out, child.pid, sorted(os.sched_getaffinity(0)))
    except (OSError, ValueError, ReadFailedError) as error:
        sys.stderr.write(f"host tracer: {error}\n")
        return code or _NO_TABLES
    return code if code >= 0 else 128 - code


def write_tables(out_dir: Path, pid: int, cpus: Sequence[int]) -> None:
    """Turn every raw file into tables; a command without launches leaves the agents alone."""
    name = read_model_name(Path("/proc")) or platform.machine()
    write_table(out_dir / f"{pid}_agent_info.csv", AGENT_INFO, [agent_row(cpus, name)])
    for path in sorted(out_dir.glob("*.raw")):
        with path.open(encoding="utf-8", errors="replace") as file:
            raw = read_raw(file)
        launches = kernel_rows(raw, f"Agent {cpus[0]}")
        write_table(out_dir / f"{path.stem}_kernel_trace.csv", KERNEL_TRACE, launches)
        if raw.samples:
            write_table(out_dir / f"{path.stem}_pc_sampling_host_trap.csv", PC_SAMPLING, sample_rows(raw))
        path.unlink()


def write_table(path: Path, columns: str, rows: Iterable[Row]) -> None:
    """Write one table as rocprofv3 does: texts quoted, numbers not."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(columns.split(","))
        writer.writerows(rows)
