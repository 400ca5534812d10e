"""``kernel-opt isa`` tells compiled kernels, and what it cannot read it says in a sentence."""

import json
from pathlib import Path

import pytest

from tests.cli.toy_run import call
from tests.edges.isa.elf_writer import Writer, metadata_of

DATA = Path(__file__).parents[1] / "data" / "isa"
REAL = DATA / "scale.gfx942.s"


def test_a_file_for_people(capsys):
    """A table and each kernel."""
    assert call("isa", str(REAL)) == 0
    told = capsys.readouterr().out
    assert "scale    gfx942      8     4     0    15      0    2048     0  -" in told
    assert "loop (gfx942, wave of 64, at most 64 work-items)" in told


def test_a_folder_as_json(capsys):
    """The fields that --help names, null for what is not known."""
    assert call("isa", str(DATA / "triton"), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"kernels", "files", "notes"}
    (kernel,) = document["kernels"]
    assert (kernel["name"], kernel["gfx"], kernel["lds_bytes"], kernel["workgroup"]) == (
        "total",
        "gfx942",
        16,
        [256, 1, 1],
    )
    assert kernel["occupancy"]["waves_per_simd"] == 8
    assert kernel["fingerprint"]["kind"] == "text"
    assert kernel["code_bytes"] is None
    assert call("isa", "--help") == 0
    told = capsys.readouterr().out
    assert all(name in told for name in kernel)


def test_diff(tmp_path, capsys):
    """The same file has not changed; two registers less let a wave in."""
    assert call("isa", "--diff", str(REAL), str(REAL)) == 0
    assert capsys.readouterr().out.startswith("nothing changed")
    for name, vgprs in (("a", 130), ("b", 128)):
        note = metadata_of(["k"], vgpr_count=vgprs)
        (tmp_path / f"{name}.hsaco").write_bytes(Writer(metadata=note).code())
    pair = str(tmp_path / "a.hsaco"), str(tmp_path / "b.hsaco")
    assert call("isa", "--diff", *pair) == 0
    assert "waves per simd: 3.0 -> 4.0 (+1)" in capsys.readouterr().out
    assert call("isa", "--json", "--diff", *pair) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["changes"]["has_effect"] is True
    assert document["changes"]["kernels"][0]["changed"]["vgpr"] == [130, 128]
    assert (document["before"]["kernels"][0]["vgpr"], document["after"]["kernels"][0]["vgpr"]) == (130, 128)


def test_some_kernels(capsys):
    """By name or by pattern."""
    assert call("isa", str(REAL), "--kernel", "l.*p") == 0
    told = capsys.readouterr().out
    assert "loop (" in told
    assert "scale" not in told.replace("scale.gfx942.s", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["isa"], "isa needs one file or folder, or two after --diff"),
        (["isa", str(REAL), "--diff", str(REAL), str(REAL)], "isa needs one file or folder"),
        (["isa", str(REAL), "--kernel", "pa"], "is called 'pa'; there are: loop, scale"),
        (["isa", str(REAL), "--kernel", "("], "'(' is no regular expression"),
    ],
)
def test_a_slip_is_told_in_one_line(words, said, capsys):
    """With exit code 2."""
    assert call(*words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_what_is_no_code_is_told(tmp_path, capsys):
    """With exit code 1, the file and the reason."""
    (tmp_path / "k.hsaco").write_bytes(b"\x7fELF")
    assert call("isa", str(tmp_path / "k.hsaco")) == 1
    assert "k.hsaco: no ELF file, or cut off in its header" in capsys.readouterr().err
