"""The report says which machine it was, and nothing that is nobody's business."""

from dataclasses import replace
from pathlib import Path

from kernel_opt.edges.machine import describe_card, describe_machine
from kernel_opt.model.reading import Reading


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


def test_what_a_cards_times_depend_on(tmp_path: Path) -> None:
    """Model, partition, clocks, cap and driver as they were read; a driver of the kernel's own has no version."""
    (tmp_path / "module/amdgpu").mkdir(parents=True)
    card = Reading(
        card=0,
        source="rocm-smi",
        at_s=1.0,
        name="AMD Instinct MI300X",
        gfx="gfx942",
        partition="SPX",
        perf_level="auto",
        power_cap_w=750.0,
    )
    told = describe_card(card, tmp_path)
    assert told == {
        "card model": "AMD Instinct MI300X (gfx942)",
        "compute partition": "SPX",
        "clocks": "free (performance level auto)",
        "power cap": "750 W",
        "GPU driver": "amdgpu",
        "readings from": "rocm-smi",
    }
    (tmp_path / "module/amdgpu/version").write_text("6.14.14\n")
    assert describe_card(card, tmp_path)["GPU driver"] == "amdgpu 6.14.14"
    pinned = describe_card(replace(card, perf_level="stable_peak"), tmp_path)
    assert pinned["clocks"] == "not free (performance level stable_peak)"


def test_of_a_card_nobody_knows_nothing_is_told(tmp_path: Path) -> None:
    """Unknown stays unknown: no line instead of a guess."""
    assert describe_card(Reading(card=0, source="pyrsmi", at_s=1.0), tmp_path) == {"readings from": "pyrsmi"}
    assert describe_card(Reading(card=0, source="x", at_s=1.0, gfx="gfx90a"), tmp_path)["card model"] == "(gfx90a)"
