"""Files and folders of compiled code: each kind is found by its content, and what cannot be read is said."""

import base64
import json
import os
from pathlib import Path

import pytest

from kernel_opt.edges.isa import code, read
from kernel_opt.edges.isa.code import is_code, read_code
from kernel_opt.edges.isa.read import read_statics
from kernel_opt.model.errors import ReadFailedError
from tests.edges.isa.elf_writer import Writer, metadata_of

DATA = Path(__file__).parents[2] / "data" / "isa"
LAUNCH = {
    "name": "k",
    "shared": 4096,
    "num_warps": 4,
    "warp_size": 64,
    "target": {"backend": "hip", "arch": "gfx942", "warp_size": 64},
}


def test_a_dump_of_flydsl():
    """Its last stage is assembly; the stages before are left alone."""
    statics = read_statics(DATA / "flydsl")
    (kernel,) = statics.kernels
    assert (kernel.name, kernel.gfx, kernel.vgpr, kernel.workgroup) == ("addk_0", "gfx942", 5, (64, 1, 1))
    assert (kernel.counts.total, kernel.counts.vmem_load, kernel.lds_bytes) == (16, 2, 0)
    assert statics.files == ("addk_0/22_final_isa.s",)
    assert statics.notes == ()


def test_a_cache_of_triton():
    """Its LDS stands beside the code: the code itself says none."""
    (kernel,) = read_statics(DATA / "triton").kernels
    assert (kernel.name, kernel.lds_bytes, kernel.workgroup) == ("total", 16, (256, 1, 1))
    assert "group_segment_fixed_size: 0" in (DATA / "triton" / "total.amdgcn").read_text()
    (alone,) = read_statics(DATA / "triton" / "total.amdgcn").kernels
    assert alone.lds_bytes == 16


@pytest.mark.parametrize(
    ("launch", "lds_bytes", "workgroup"),
    [
        (LAUNCH, 4096, (256, 1, 1)),
        ({**LAUNCH, "warp_size": None}, 4096, (256, 1, 1)),
        ({**LAUNCH, "shared": 2}, 64, (256, 1, 1)),
        ({**LAUNCH, "name": "other"}, 64, None),
        ({**LAUNCH, "target": {"backend": "cuda"}}, 64, None),
        ({**LAUNCH, "shared": -1}, 64, None),
        ({"a": 1}, 64, None),
        ({**LAUNCH, "num_warps": 0}, 4096, None),
    ],
)
def test_what_a_launch_adds(tmp_path, launch, lds_bytes, workgroup):
    """Only what is surely said of this kernel; where the code tells LDS too, it is the same memory."""
    note = metadata_of(["k"], group_segment_fixed_size=64, reqd_workgroup_size=None)
    (tmp_path / "k.hsaco").write_bytes(Writer(metadata=note).code())
    (tmp_path / "k.json").write_text(json.dumps(launch))
    (kernel,) = read_statics(tmp_path).kernels
    assert (kernel.lds_bytes, kernel.workgroup) == (lds_bytes, workgroup)


def test_a_launch_with_more_lds_than_the_card_has(tmp_path):
    """It compiles, and could never be launched: that is told."""
    note = metadata_of(["k"], "amdgcn-amd-amdhsa--gfx950", group_segment_fixed_size=0, vgpr_count=512)
    (tmp_path / "k.hsaco").write_bytes(Writer(metadata=note).code())
    (tmp_path / "k.json").write_text(json.dumps({**LAUNCH, "shared": 264_192}))
    (kernel,) = read_statics(tmp_path).kernels
    assert kernel.launch_problems == ("264192 B of LDS for a work-group; gfx950 has 163840 B",)


def test_broken_metadata_beside_the_code_is_refused(tmp_path):
    """LDS that cannot be read must not pass for none."""
    (tmp_path / "k.hsaco").write_bytes(Writer().code())
    (tmp_path / "k.json").write_text('{"name": ')
    with pytest.raises(ReadFailedError, match=r"k\.json: it is no JSON"):
        read_statics(tmp_path)


def test_text_is_taken_before_the_machine_code_beside_it(tmp_path):
    """It tells more, and a kernel must not be listed twice."""
    text = (DATA / "scale.gfx942.s").read_bytes()
    for name, content in (("a/k.amdgcn", text), ("a/k.hsaco", Writer().code()), ("b/k.hsaco", Writer().code())):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert read_statics(tmp_path).files == ("a/k.amdgcn", "b/k.hsaco")


def test_every_kind_by_its_content(tmp_path):
    """Names do not matter for a file that is named itself."""
    for content in (
        (DATA / "scale.gfx942.s").read_bytes(),
        base64.b64decode((DATA / "scale.gfx942.hsaco.b64").read_bytes()),
    ):
        (tmp_path / "out").write_bytes(content)
        assert [kernel.name for kernel in read_statics(tmp_path / "out").kernels] == ["scale", "loop"]
        assert is_code(content[:4096])


def test_foreign_files_of_a_folder_are_left_alone(tmp_path):
    """A build folder is full of the host's objects and of links; text that names no kernel is noted."""
    (tmp_path / "k.hsaco").write_bytes(Writer().code())
    (tmp_path / "host.o").write_bytes(Writer(machine=62).code())
    (tmp_path / "host.s").write_text("ret\n")
    (tmp_path / "broken.hsaco").write_bytes(Writer().code()[:-100])
    (tmp_path / "again.hsaco").symlink_to(tmp_path / "k.hsaco")
    (tmp_path / "gone.hsaco").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.hsaco")
    (tmp_path / "dir.hsaco").mkdir()
    statics = read_statics(tmp_path)
    assert statics.files == ("k.hsaco",)
    assert [note.partition(": it")[0].partition(": cut")[0] for note in statics.notes] == [
        "left out: broken.hsaco",
        "left out: host.s",
    ]


def test_nothing_to_read(tmp_path, monkeypatch):
    """An empty folder, one with nothing whole, a missing file, a pipe, a file that is too large."""
    with pytest.raises(ReadFailedError, match="no compiled code for an AMD GPU is in it"):
        read_statics(tmp_path)
    (tmp_path / "host.s").write_text("ret\n")
    with pytest.raises(ReadFailedError, match=r"host\.s: it declares no AMD kernel"):
        read_statics(tmp_path)
    with pytest.raises(ReadFailedError, match=r"gone\.s: No such file"):
        read_statics(tmp_path / "gone.s")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadFailedError, match="pipe: not a file"):
        read_statics(tmp_path / "pipe")
    with pytest.raises(ReadFailedError, match="neither assembly text"):
        read_code(b"\xff\xfe", "x")
    monkeypatch.setattr(code, "FILE_BYTES", 3)
    with pytest.raises(ReadFailedError, match="4 B; at most 0 MiB are read"):
        read_statics(tmp_path / "host.s")
    monkeypatch.setattr(code, "TEXT_BYTES", 3)
    with pytest.raises(ReadFailedError, match="4 B of text"):
        read_code(b"ret\n", "x")


def test_a_file_that_cannot_be_looked_at_is_read_all_the_same(tmp_path, monkeypatch):
    """It might hold the kernel that matters: then reading says why it cannot be read."""

    def fail(_: bytes) -> bool:
        raise OSError(5, "Input/output error")

    (tmp_path / "k.hsaco").write_bytes(Writer().code())
    (tmp_path / "bad.hsaco").write_bytes(b"\x7fELF")
    monkeypatch.setattr(read, "is_code", fail)
    statics = read_statics(tmp_path)
    assert statics.files == ("k.hsaco",)
    assert "left out: bad.hsaco" in statics.notes[0]


def test_a_tree_that_is_too_large_is_refused(tmp_path, monkeypatch):
    """Not half of it is read in silence."""
    for number in range(4):
        (tmp_path / f"{number}.hsaco").write_bytes(Writer().code())
    monkeypatch.setattr(read, "_READ_FILES", 3)
    with pytest.raises(ReadFailedError, match="more than 3 files of code"):
        read_statics(tmp_path)
    monkeypatch.setattr(read, "_FILES", 2)
    with pytest.raises(ReadFailedError, match="more than 2 files"):
        read_statics(tmp_path)
