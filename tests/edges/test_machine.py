"""The report says which machine it was, and nothing that is nobody's business."""

from pathlib import Path

from kernel_opt.edges.machine import describe_machine


def test_what_is_there_is_told(tmp_path: Path) -> None:
    """ROCm's version and the CPU's name, read from where they stand."""
    (tmp_path / ".info").mkdir()
    (tmp_path / ".info" / "version").write_text("6.4.1-83\nmore\n")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n")
    told = describe_machine({"ROCM_PATH": str(tmp_path)}, cpuinfo)
    assert told["ROCm"] == "6.4.1-83"
    assert told["CPU"] == "Some CPU @ 2 GHz"


def test_what_cannot_be_told_is_left_out(tmp_path: Path) -> None:
    """No ROCm, an empty version file, another kind of CPU: no line instead of an empty one."""
    told = describe_machine({"ROCM_PATH": str(tmp_path)}, tmp_path / "missing")
    assert not {"ROCm", "CPU"} & told.keys()
    (tmp_path / ".info").mkdir()
    (tmp_path / ".info" / "version").write_text("")
    assert "ROCm" not in describe_machine({"ROCM_PATH": str(tmp_path)})
    assert not any(str(tmp_path) in value for value in told.values())
