"""How fast traces are read, and in how much memory, against the usual ways, all in one run.

python bench/traces.py                       about a minute
python bench/traces.py --rows 5000000 --code-mib 200      a gigabyte of kernel trace, the full size
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    '"Kind","Agent_Id","Queue_Id","Stream_Id","Thread_Id","Dispatch_Id","Kernel_Id","Kernel_Name","Correlation_Id",'
    '"Start_Timestamp","End_Timestamp","LDS_Block_Size","Scratch_Size","VGPR_Count","Accum_VGPR_Count","SGPR_Count",'
    '"Workgroup_Size_X","Workgroup_Size_Y","Workgroup_Size_Z","Grid_Size_X","Grid_Size_Y","Grid_Size_Z"\n'
)
NAMES = [
    "void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<float> >(int, float*, long, unsigned)",
    "pa_decode_tile_kernel_0",
    "pa_reduce_kernel_0",
    *(f"Cijk_Ailk_Bljk_HHS_BH_MT{place}x64x32_MI32x32x8x1_SN_1LDSB0_APM1_kernel" for place in range(60)),
]
OURS = ""
"""The reader as the daemon starts it."""
PANDAS = """import pandas as pd
table = pd.read_csv({path!r})
table["ns"] = table.End_Timestamp - table.Start_Timestamp
table.groupby("Kernel_Name").ns.agg(["count", "sum", "mean", "min", "max"]).to_json()"""
CATEGORY = """import pandas as pd
types = {{"Kernel_Name": "category", "Start_Timestamp": "int64", "End_Timestamp": "int64"}}
table = pd.read_csv({path!r}, usecols=list(types), dtype=types)
table["ns"] = table.End_Timestamp - table.Start_Timestamp
table.groupby("Kernel_Name", observed=True).ns.agg(["count", "sum", "mean", "min", "max"]).to_json()"""
POLARS = """import polars as pl
ns = (pl.col("End_Timestamp") - pl.col("Start_Timestamp")).alias("ns")
table = pl.scan_csv({path!r}).select("Kernel_Name", ns).group_by("Kernel_Name")
ns = pl.col("ns")
table.agg(pl.len(), ns.sum().alias("s"), ns.mean().alias("m"), ns.min().alias("a"), ns.max().alias("b")).collect()"""
DUCKDB = """import duckdb
ns = "End_Timestamp - Start_Timestamp"
duckdb.sql(f"SELECT Kernel_Name, count(*), sum({{ns}}), avg({{ns}}), min({{ns}}), max({{ns}}) "
           "FROM read_csv('" + {path!r} + "') GROUP BY 1").fetchall()"""
ENGINES = {"polars": POLARS, "duckdb": DUCKDB}
"""The fastest CSV engines there are; none is a dependency, each is asked where it is installed."""
JSON_LOAD = "import json; rows = json.load(open({path!r}))['code']; sum(row[7] for row in rows)"


def main() -> None:
    """Make the files, read them every way, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="dispatches in the kernel trace")
    parser.add_argument("--code-mib", type=int, default=40, help="size of code.json")
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many is shown")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-traces-") as folder:
        trace = Path(folder) / "1_kernel_trace.csv"
        write_trace(trace, args.rows)
        size_mib, cores = trace.stat().st_size / 2**20, len(os.sched_getaffinity(0))
        print(f"kernel trace: {args.rows} rows, {size_mib:.0f} MiB, {cores} cores")
        ways = {
            "kernel-opt": OURS,
            "pandas.read_csv + groupby": PANDAS,
            "pandas, 3 columns, category": CATEGORY,
        }
        ways |= {name: code for name, code in ENGINES.items() if importlib.util.find_spec(name)}
        compare(ways, trace, args.repeats, args.rows, "rows/s")
        code = Path(folder) / "code.json"
        count = write_code(code, args.code_mib << 20)
        print(f"\ncode.json: {count} rows, {code.stat().st_size / 2**20:.0f} MiB")
        compare({"kernel-opt": OURS, "json.load": JSON_LOAD}, code, args.repeats, count, "rows/s")


def compare(ways: dict[str, str], path: Path, repeats: int, rows: int, unit: str) -> None:
    """Run every way in turn, the whole set ``repeats`` times, and print each against the first."""
    best: dict[str, tuple[float, float]] = {}
    for _ in range(repeats):
        for name, code in ways.items():
            own = ["-c", code.format(path=str(path))] if code else ["-m", "kernel_opt.edges.tracers.read", str(path)]
            wall_s, peak_mib = measure([sys.executable, *own])
            old = best.get(name, (wall_s, peak_mib))
            best[name] = min(old[0], wall_s), max(old[1], peak_mib)
    first = next(iter(best.values()))
    for name, (wall_s, peak_mib) in best.items():
        ratios = f"kernel-opt takes {first[0] / wall_s:5.2f} of its time, {first[1] / peak_mib:5.2f} of its memory"
        print(f"{name:30} {wall_s:7.2f} s {rows / wall_s:12,.0f} {unit} {peak_mib:7.0f} MiB   {ratios}")


def measure(argv: list[str]) -> tuple[float, float]:
    """Run one program; return its wall time and the peak memory of it and all its children together."""
    began = time.perf_counter()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    peak = 0.0
    while child.poll() is None:
        peak = max(peak, sum(resident_mib(pid) for pid in family(child.pid)))
        time.sleep(0.01)
    if child.returncode:
        sys.exit(f"failed: {argv}")
    return time.perf_counter() - began, peak


def family(pid: int) -> Iterator[int]:
    """Give a process and its descendants."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def resident_mib(pid: int) -> float:
    """Return the private memory of a process and its part of what it shares, 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def write_trace(path: Path, rows: int) -> None:
    """Write a kernel trace as ROCm 7 does."""
    now = 1_550_151_853_029_637
    with path.open("w") as file:
        file.write(COLUMNS)
        for number in range(1, rows + 1):
            kernel = number * 7919 % len(NAMES)
            time_ns = 3000 + number * 104729 % 90000
            ids = f'"KERNEL_DISPATCH","Agent 4",1,1,834304,{number},{kernel + 10},"{NAMES[kernel]}",{number}'
            shape = f"{kernel % 3 * 512},0,{8 + kernel * 4},0,64,256,1,1,{256 * (1 + number % 7)},{1 + number % 3},1"
            file.write(f"{ids},{now},{now + time_ns},{shape}\n")
            now += time_ns + 1000


def write_code(path: Path, size: int) -> int:
    """Write a code.json of about this size; return its rows."""
    isa = [
        "v_mfma_f32_16x16x16_f16 a[0:3], v[0:1], v[2:3], a[0:3]",
        "s_waitcnt vmcnt(0)",
        "global_load_dwordx4 v[0:3], v[4:5], off",
    ]
    count = 0
    with path.open("w") as file:
        file.write('{"code":[')
        while file.tell() < size:
            for place in range(5000):
                kernel = ["; _Z4kern", 0, 0, f"kern_{count}(int)", 1, 4 * place, 0, 0, 0, 0] if place == 0 else None
                row = [
                    isa[place % 3],
                    0,
                    place,
                    f"/src/kernels/pa_decode.py:{place % 700}",
                    1,
                    4 * place,
                    64,
                    900 + place,
                    800,
                    9,
                ]
                file.write(("," if count else "") + json.dumps(kernel or row, separators=(",", ":")))
                count += 1
        file.write(
            '],"header":"ISA, _, LineNumber, Source, Codeobj, Vaddr, Hit, Latency, Stall, Idle","version":"3.0.0"}'
        )
    return count


if __name__ == "__main__":
    main()
