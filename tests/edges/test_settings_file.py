"""Settings are read whole, or refused with the file, the key and what to write."""

import os
from pathlib import Path

import pytest

from kernel_opt.edges.settings_file import find_settings, plain_settings, read_settings, settings_from
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.errors import KernelOptError, UsageError
from kernel_opt.model.settings import Settings

TEXT = '[benchmark]\ncommand = ["python", "bench.py"]\nfile = "bench.py"\ncsv = "out.csv"\nmetric = "us"\n'


def write(folder: Path, text: str = TEXT, name: str = "kernel-opt.toml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_the_file_given_wins(tmp_path: Path) -> None:
    """Then the repository's own; where it is from is told."""
    own = write(tmp_path)
    other = write(tmp_path, TEXT.replace('"us"', '"ns"'), "other.toml")
    assert find_settings(tmp_path, other).settings.benchmark.metric == "ns"
    found = find_settings(tmp_path, None)
    assert (found.settings.benchmark.metric, found.source) == ("us", str(own))


def test_a_known_benchmark_needs_no_file(tmp_path: Path) -> None:
    """The preset whose benchmark is there fits; without one it is said how to get settings."""
    with pytest.raises(UsageError, match="`kernel-opt init`"):
        find_settings(tmp_path, None)
    preset = next(iter(sorted(shipped("configs").glob("*.toml"))))
    bench = tmp_path / read_settings(preset).benchmark.file
    bench.parent.mkdir(parents=True)
    bench.write_text("")
    assert find_settings(tmp_path, None).source.startswith("preset ")


@pytest.mark.parametrize("preset", sorted(shipped("configs").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_preset_can_be_read(preset: Path) -> None:
    """What we ship passes our own check."""
    assert read_settings(preset).benchmark.command


def test_settings_come_back_from_the_journal_as_they_were(tmp_path: Path) -> None:
    """A resumed run has the settings it was started with."""
    settings = read_settings(
        write(
            tmp_path,
            TEXT + '[edit]\nallowed = ["a/**"]\n[[knobs]]\n'
            'name = "RT"\nfile = "a/k.h"\npattern = "RT (.)"\nvalues = [1, 2]\n',
        )
    )
    assert settings_from(plain_settings(settings), "journal") == settings
    assert isinstance(settings, Settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT + "[gatee]\n", "unknown key `gatee`"),
        (TEXT + "[gate]\ngap = 1\n", r"\[gate\] unknown key `gap`"),
        (TEXT + "[gate]\ngap_s = nan\n", "Expected `float` >= 0.0"),
        (TEXT + "[gate]\nlooks = 0\n", "Expected `int` >= 1"),
        (TEXT + "[gate]\nlooks = '1'\n", "Expected `int`, got `str` - at `gate.looks`"),
        (TEXT.replace('metric = "us"', ""), "missing required field `metric`"),
        (TEXT.replace('"us"', '""'), "benchmark.metric is empty"),
        (TEXT.replace('"out.csv"', '""'), "benchmark.csv is empty"),
        (TEXT.replace('"out.csv"', '"/tmp/out.csv"'), "benchmark.csv is '/tmp/out.csv'; write it relative"),
        (TEXT.replace('file = "bench.py"', 'file = ""'), "benchmark.file is empty"),
        (TEXT.replace('["python", "bench.py"]', "[]"), "benchmark.command is empty; write it as a list"),
        (TEXT.replace('["python", "bench.py"]', '[""]'), "benchmark.command is empty"),
        (TEXT + "[edit]\nallowed = []\n", "edit.allowed is empty; name the files"),
        (TEXT + "wrong_patterns = ['(']\n", r"'\(' is no regular expression"),
        ("target_kernels = ['*']\n" + TEXT, r"'\*' is no regular expression"),
        ("", "missing required field `benchmark`"),
        ("[benchmark", "cannot be read"),
        (TEXT + TEXT, "cannot be read"),
    ],
)  # fmt: skip
def test_a_slip_is_told(text: str, said: str, tmp_path: Path) -> None:
    """By file and key, in one line, before anything is made."""
    with pytest.raises(UsageError, match=said) as caught:
        read_settings(write(tmp_path, text))
    assert "kernel-opt.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_settings_file_is_told(tmp_path: Path) -> None:
    """Missing, a folder, no text, too large."""
    with pytest.raises(UsageError, match="does not exist; name another file with --config"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(tmp_path)
    path = write(tmp_path)
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(path)
    os.truncate(path, 1_000_001)
    with pytest.raises(UsageError, match="larger than a megabyte"):
        read_settings(path)


def test_what_is_not_shipped_is_a_broken_installation() -> None:
    """It says to install again; what is shipped is there."""
    for name in ("configs", "examples", "skills", "performance.md.j2"):
        assert shipped(name).exists()
    with pytest.raises(KernelOptError, match=r"no-such is missing from this installation .*; install it again"):
        shipped("no-such")
