"""`kernel-opt init`: a repository is looked at, and its settings are written."""

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from kernel_opt.edges.settings_file import read_settings
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.settings import Settings
from tests.cli.toy_run import ROOT, Toy, call
from tests.edges.toy_repository import user_git
from tests.rocm.flydsl.lay_out import lay_out
from tests.rocm.tree import build_tree

CARDS = [{"bdf": "0000:05:00.0", "unique_id": "0x8d", "node_id": 1, "guid": 28851}]


def commit(root: Path) -> Path:
    user_git(root, "init", "--quiet", "--initial-branch=main")
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--message=base")
    return root


def leaves(settings: Settings) -> set[str]:
    """Every key as table.key."""
    import msgspec

    plain = msgspec.to_builtins(settings)
    tables = {name: value for name, value in plain.items() if isinstance(value, dict)}
    return {f"{name}.{key}" for name, table in tables.items() for key in table} | (plain.keys() - tables.keys())


@pytest.fixture
def rocm(tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A scripted ROCm host with one idle card; returns the options that point to it."""
    assert toy.repo.exists()
    script = tmp_path / "host.json"
    script.write_text(json.dumps({"cards": CARDS, "moments": [{}]}))
    options = build_tree(tmp_path / "tree", CARDS)
    monkeypatch.setenv("SCRIPTED_HOST", str(script))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{ROOT / 'tests/rocm'}:{programs}:/usr/bin:/bin")
    return [f"--platform-option={name}={value}" for name, value in options.items()]


@pytest.mark.parametrize("has_error_column", [True, False])
def test_a_flydsl_repository_arrives_at_the_preset(
    tmp_path: Path, rocm: list[str], monkeypatch: pytest.MonkeyPatch, *, has_error_column: bool
) -> None:
    """In both dialects what is found by looking is what the shipped preset says."""
    repo = commit(lay_out(tmp_path / "flydsl", has_error_column=has_error_column))
    monkeypatch.chdir(repo)
    assert call("init", "--gap-s", "0", *rocm) == 0
    found = read_settings(repo / "kernel-opt.toml")
    preset = read_settings(shipped("configs/flydsl-pa.toml"))
    for name in ("command", "file", "csv", "metric", "control", "warmup_calls", "timed_calls", "result_columns"):
        assert getattr(found.benchmark, name) == getattr(preset.benchmark, name), name
    assert found.benchmark.error == (preset.benchmark.error if has_error_column else "")
    assert found.benchmark.environment == preset.benchmark.environment
    assert found.benchmark.class_columns[:3] == ("block_size", "query_length", "head_size")
    assert found.edit.allowed == ("kernels/**",)
    assert found.edit.protected == preset.edit.protected
    assert found.format == preset.format
    assert found.platform.name == "rocm"
    text = (repo / "kernel-opt.toml").read_text()
    assert "pa_decode_tile_kernel" in text
    assert "under tuning: its name stands in the files being tuned" in text
    assert "us_flydsl_ps" in text


def test_the_preset_explains_every_key() -> None:
    """It is the text that init fills in, so no knob may be missing, and each stands below a comment."""
    path = shipped("configs/flydsl-pa.toml")
    lines = path.read_text().splitlines()
    plain = tomllib.loads(path.read_text())
    written = {f"{name}.{key}" for name, table in plain.items() if isinstance(table, dict) for key in table}
    written |= {name for name, value in plain.items() if not isinstance(value, dict)}
    # Tables that belong to one kernel or one person: the preset shows one of each as a comment.
    assert leaves(read_settings(path)) - written == {"agents", "knobs"}
    assert all(any(f"[[{name}]]" in line for line in lines) for name in ("agents", "knobs"))
    keys = [number for number, line in enumerate(lines) if line[:1].isalpha()]
    bare = [lines[number] for number in keys if not lines[number - 1].startswith("#") and number - 1 not in keys]
    assert bare == []


def test_the_example_is_understood(tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU, with the host's tracer: columns, classes, calls and kernels of the embedded target."""
    assert toy.repo.exists()
    bare = shutil.ignore_patterns("__pycache__", "kernel-opt.toml", "*.csv")
    shutil.copytree(shipped("examples/paged-attention"), tmp_path / "pa", ignore=bare)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.chdir(commit(tmp_path / "pa"))
    assert call("init", "--platform", "host") == 0
    found = read_settings(Path("kernel-opt.toml"))
    benchmark = found.benchmark
    assert (benchmark.metric, benchmark.error, benchmark.control) == ("us_flydsl_ps", "err_flydsl_ps", "us_gluon")
    assert (benchmark.warmup_calls, benchmark.timed_calls) == (3, 10)
    assert benchmark.class_columns[:3] == ("block_size", "mtp", "head_size")
    assert benchmark.csv == "run_pa_decode_ps_test.*.csv"
    assert (benchmark.environment, found.format.command) == ({}, ())
    assert found.platform.name == "host"
    text = Path("kernel-opt.toml").read_text()
    assert all(kernel in text for kernel in ("pa_main", "pa_reduce", "gluon_pa_decode"))


def test_a_plain_benchmark_is_found_and_run(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is known of it, and the run leaves no kernels: what the table tells is written, and loads."""
    toy.settings.unlink()
    cards = f"--platform-option=state={toy.root / 'cards'}"
    assert call("init", "--gap-s", "0", "--platform", "tests.worker.fake_platform:open_platform", cards) == 0
    found = read_settings(toy.settings)
    assert (found.benchmark.file, found.benchmark.csv) == ("bench.py", "out.csv")
    assert (found.benchmark.metric, found.benchmark.error) == ("us_kernel", "err_kernel")
    assert found.benchmark.control == "us_ref"
    assert found.benchmark.timed_calls == 0
    assert found.edit.allowed == ("kernels/**",)
    assert "bench.py" in found.edit.protected
    assert found.platform.options == {"state": str(toy.root / "cards")}
    told = capsys.readouterr()
    assert "2 configs in 2 classes by block_size" in told.out
    assert "kernels: the run was not traced" in told.out
    assert "running python" in told.err


def test_a_file_that_is_there_is_not_written_over(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused before anything runs; --force insists, --print never writes."""
    before = toy.settings.read_text()
    assert call("init", "--platform", "host") == 2
    assert "kernel-opt.toml exists already; look at it, or write over it with --force" in capsys.readouterr().err
    assert call("init", "--platform", "host", "--print") == 0
    assert tomllib.loads(capsys.readouterr().out)["benchmark"]["metric"] == "us_kernel"
    assert toy.settings.read_text() == before
    assert call("init", "--platform", "host", "--force") == 0
    assert toy.settings.read_text() != before


def test_only_the_settings_file_is_new(toy: Toy) -> None:
    """The benchmark runs elsewhere: no table, no bytecode, no branch is left in the checkout."""
    toy.settings.unlink()
    before = sorted(path.name for path in toy.repo.iterdir())
    assert call("init", "--platform", "host") == 0
    assert sorted(path.name for path in toy.repo.iterdir()) == sorted([*before, "kernel-opt.toml"])


def write_benchmark(toy: Toy, text: str) -> None:
    (toy.repo / "bench.py").write_text(text)
    user_git(toy.repo, "commit", "--quiet", "--all", "--message=other")


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("print('hello')", (), r"wrote no CSV; the benchmark must write one row per config"),
        ("raise ValueError('no card')", (), r"failed in a clean tree of HEAD: exit code 1: ValueError: no card"),
        ("import time; time.sleep(1000)", ("--timeout-s", "0.5"), r"did not end within 0.5 s; give it longer"),
        ("open('a.csv', 'w').write('n,flops\n1,2\n')", (), r"no column of microseconds"),
        ("open('a.csv', 'w').write('n,us_a\n1,nan\n')", (), r"a.csv line 2: us_a is 'nan', not a number"),
        ("open('a.csv', 'w').write('')", (), r"no column of microseconds|is empty"),
        ("[open(n, 'w').write('us_a\n1\n') for n in ('a.csv', 'b.csv')]", (), r"wrote 2 CSVs: a.csv, b.csv; .*--csv"),
    ],
)
def test_a_benchmark_that_cannot_be_used_is_told(
    toy: Toy, text: str, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the reason and what to do; nothing is written."""
    import re

    write_benchmark(toy, text.replace("\n", "\\n"))
    toy.settings.unlink()
    assert call("init", "--platform", "host", *words) in {1, 2}
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("kernel-opt: ")]
    assert len(errors) == 1
    assert re.search(said, errors[0])
    assert not toy.settings.exists()


def test_a_person_may_say_which_of_several(toy: Toy) -> None:
    """--benchmark, --csv and --metric decide where names do not."""
    rows = "[open(n, 'w').write('n,us_a,us_b\\n1,2,3\\n') for n in ('a.csv', 'b.csv')]"
    write_benchmark(toy, rows)
    words = ("--benchmark", f"{sys.executable} ./bench.py --fast", "--csv", "b.*", "--metric", "us_b")
    assert call("init", "--platform", "host", "--force", *words) == 0
    found = read_settings(toy.settings).benchmark
    assert (found.command, found.file) == ((sys.executable, "./bench.py", "--fast"), "bench.py")
    assert (found.csv, found.metric) == ("b.*", "us_b")


def test_a_kernel_that_is_wrong_as_found_is_told(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """The settings are written, and the person is warned: on wrong numbers nothing can be tuned."""
    write_benchmark(toy, (toy.repo / "bench.py").read_text().replace('"err_kernel": 0', '"err_kernel": 1'))
    assert call("init", "--platform", "host", "--force") == 0
    assert "warning: 2 of 2 configs are wrong at HEAD" in capsys.readouterr().out


def test_what_is_not_said_clearly_is_asked_back(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """No benchmark, several, a file that is not committed, an option without value."""
    shutil.copy(toy.repo / "bench.py", toy.repo / "bench2.py")
    user_git(toy.repo, "add", "bench2.py")
    write_benchmark(toy, "pass")
    for words, said in (
        ((), "2 files look like benchmarks: bench.py, bench2.py; name it with --benchmark"),
        (("--benchmark", "python nowhere.py"), "no word of 'python nowhere.py' is a file of HEAD"),
        (("--platform-option", "state"), "--platform-option 'state' has no value"),
        (("--platform", "cuda"), "platform.name 'cuda'"),
    ):
        assert call("init", "--force", *words) == 2
        assert said in capsys.readouterr().err
    user_git(toy.repo, "rm", "--quiet", "bench.py", "bench2.py")
    user_git(toy.repo, "commit", "--quiet", "--message=none")
    assert call("init", "--force") == 2
    assert "no benchmark was found" in capsys.readouterr().err


def test_a_busy_card_is_left_alone(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is pushed off a card for a look."""
    toy.set_cards([{"users": [4711]}])
    cards = f"--platform-option=state={toy.root / 'cards'}"
    words = ("--gap-s", "0", "--platform", "tests.worker.fake_platform:open_platform", cards)
    assert call("init", "--force", *words) == 1
    assert "no idle card: card 0: in use by pid 4711 (python)" in capsys.readouterr().err
