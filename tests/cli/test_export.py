"""Measurements as a table, for those who analyse on their own."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.cli.main import main
from kernel_opt.edges.tables import write_table
from kernel_opt.model.bench import BenchRun
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.errors import UsageError
from kernel_opt.model.facts import Benched, Entry, Measured, Purpose
from kernel_opt.model.integrity import failed, not_checked, passed
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.views.samples import COLUMNS, list_samples


def _entry() -> Entry:
    runs = (
        TimedRun(
            arm=Arm.BEST,
            card="card-1",
            script_us=(RowTime(config="a", us=10.0), RowTime(config="b", us=20.0)),
            gpu_us=(RowTime(config="a", us=9.0),),
        ),
        TimedRun(arm=Arm.CANDIDATE, card="card-1", script_us=(), disturbed="a neighbour came"),
    )
    fact = Measured(
        purpose=Purpose.ROUND, measurement=Measurement(best="b", candidate="c", runs=runs), folder="f", gpu_s=1.0
    )
    return Entry(seq=7, round=3, at_s=0.0, boottime_s=0.0, boot_id="x", fact=fact)


def test_every_config_of_every_run_is_a_row_and_the_unknown_stays_empty() -> None:
    """Disturbed runs are told, and a time that is not known is never a number."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in list_samples([_entry()])]
    assert [(row["config"], row["script_us"], row["gpu_us"]) for row in rows] == [
        ("a", 10.0, 9.0),
        ("b", 20.0, None),
        (None, None, None),
    ]
    assert rows[2]["disturbed"] == "a neighbour came"
    assert {row["round"] for row in rows} == {3}


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    """Both formats hold the same rows; an empty field or null is what is not known."""
    rows = list(list_samples([_entry()]))
    table = list(csv.DictReader(io.StringIO(write_table(COLUMNS, rows, None, "csv"))))
    file = tmp_path / "runs.json"
    assert write_table(COLUMNS, rows, file, "json") == ""
    plain = json.loads(file.read_text())
    assert [row["config"] for row in table] == ["a", "b", ""]
    assert [row["config"] for row in plain] == ["a", "b", None]
    assert table[1]["gpu_us"] == ""
    assert plain[1]["gpu_us"] is None


def test_clocks_throttling_and_checks_stand_beside_the_times() -> None:
    """Everything the journal knows of a run; the first look at a candidate is a row as well."""
    run = TimedRun(
        arm=Arm.CANDIDATE,
        card="card-1",
        script_us=(RowTime(config="a", us=10.0),),
        clock_mhz=2050.0,
        clock_range_mhz=(1900.0, 2100.0),
        throttled=True,
    )
    checks = (passed("same-work"), passed("same-calls"), not_checked("poison", "not configured"), failed("odd", "x"))
    found = Measurement(best="b", candidate="c", runs=(run,))
    timed = Measured(purpose=Purpose.ROUND, measurement=found, folder="f", gpu_s=1.0, checks=checks)
    rows = (ConfigRow(key="a", values={}, us=11.0, error=0.0),)
    looked = Benched(run=BenchRun(commit="c", rows=rows, wall_s=1.0, gpu_s=1.0, card="card-1", folder="f"))
    told = [
        dict(zip(COLUMNS, row, strict=True))
        for row in list_samples(replace(_entry(), fact=fact) for fact in (timed, looked))
    ]
    assert [told[0][name] for name in ("clock_mhz", "clock_low_mhz", "clock_high_mhz", "throttled")] == [
        2050.0,
        1900.0,
        2100.0,
        True,
    ]
    assert [told[0][name] for name in ("checks_passed", "checks_failed", "checks_not_made")] == [
        "same-work; same-calls",
        "odd",
        "poison",
    ]
    assert [told[1][name] for name in ("purpose", "best", "candidate", "arm", "script_us", "error")] == [
        "bench",
        None,
        "c",
        "candidate",
        11.0,
        0.0,
    ]
    assert {told[1][name] for name in ("gpu_us", "clock_mhz", "redo_of", "checks_passed")} == {None}


def test_parquet_says_which_package_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, and what works without it; no half file is left."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    with pytest.raises(UsageError, match=r"needs the package pyarrow.*pip install pyarrow.*--format csv"):
        write_table(COLUMNS, list(list_samples([_entry()])), tmp_path / "runs.parquet", "parquet")
    assert list(tmp_path.iterdir()) == []


def test_parquet_needs_a_file() -> None:
    """A binary table does not go to a terminal."""
    with pytest.raises(UsageError, match="--output"):
        write_table(COLUMNS, [], None, "parquet")


def test_without_a_run_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit code 2."""
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    assert main(["export"]) == 2
    assert "there is no run yet" in capsys.readouterr().err
