"""A torch script's kernel is asked again with poisoned outputs and changed inputs, and no line of the script changes.

A stand-in plays torch: what the wrapper does is the same.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.edges import poison_torch

STANDIN = Path(__file__).with_name("standin_torch")
SCRIPT = """\
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from kernels.pa import launch

q, table, out, scratch = torch.Tensor([1.0, 2.0]), torch.Tensor([3], torch.int32), torch.empty(2), torch.empty(3)
problem = {"q": q, "rest": [table, 7]}
for _ in range(4):
    launch(out, problem, scratch=scratch)
assert out.values == [3.0, 6.0], out.values
print("argv", sys.argv[1:], "right")
"""
HONEST = """\
def launch(out, problem, scratch):
    q, table = problem["q"], problem["rest"][0]
    scratch.values[0] = q.values[0]
    out.values[:] = [value * table.values[0] for value in q.values]
"""
SEEN = "SEEN = {}\n\n\ndef launch(out, problem, scratch):\n    key = KEY\n    "
REMEMBER = SEEN + "if key in SEEN:\n        WHAT\n    true(out, problem, scratch)\n    SEEN[key] = list(out.values)\n"
TRUE = HONEST.replace("def launch", "\n\ndef true")
WRITE, SKIP = "out.values[:] = SEEN[key]\n        return", "return"


def remember(key: str, what: str) -> str:
    return REMEMBER.replace("KEY", key).replace("WHAT", what) + TRUE


CHEATS = {
    "returns at once": (remember('id(problem["q"])', SKIP), "of outputs full of NaN none was written whole"),
    "remembers by place": (remember('id(problem["q"])', WRITE), "changed inputs where they stand"),
    "remembers for ever": (remember("0", WRITE), "the inputs changed and the answer did not"),
    "leaves an element out": (
        HONEST.replace("out.values[:] = [", "out.values[:1] = [").replace("in q.values]", "in q.values[:1]]"),
        "of outputs full of NaN none was written whole",
    ),
    "counts its calls": (
        "CALLS = []\n" + HONEST.replace("out.values[:] = [", "CALLS.append(1)\n    out.values[:] = [len(CALLS) * "),
        "with NaN in its outputs it gives another answer",
    ),
    "keeps a number of the inputs before": (
        "LAST = [1.0]\n"
        + HONEST.replace("out.values[:] = [", "first, LAST[0] = LAST[0], q.values[0]\n    out.values[:] = [first * "),
        "changed inputs where they stand, and the same ones elsewhere, differ",
    ),
    "does nothing at all": ("def launch(out, problem, scratch):\n    pass\n", "changes none of its arguments"),
}


def run(folder: Path, kernel: str, call: str = "kernels.pa:launch") -> subprocess.CompletedProcess[str]:
    """Lay the target out and run its script under the wrapper, as a benchmark is run: from the root."""
    for name, text in {"kernels/__init__.py": "", "kernels/pa.py": kernel, "tests/test_pa.py": SCRIPT}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    argv = [sys.executable, "-P", str(poison_torch.__file__), "--call", call, "--", "tests/test_pa.py", "-b", "3"]
    environ = {"PYTHONPATH": str(STANDIN), "PATH": "/usr/bin:/bin"}
    return subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_an_honest_kernel_stands_it(tmp_path: Path) -> None:
    """The script sees its own arguments and the right answer; scratch need not be written whole."""
    done = run(tmp_path, HONEST)
    assert (done.returncode, done.stdout) == (0, "argv ['-b', '3'] right\n"), done.stderr


@pytest.mark.parametrize("name", CHEATS)
def test_who_does_not_compute_is_found(name: str, tmp_path: Path) -> None:
    """In one line that says what was seen."""
    kernel, why = CHEATS[name]
    done = run(tmp_path, kernel)
    assert done.returncode == 1, done
    assert why in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")


def test_a_function_that_is_never_called_says_nothing(tmp_path: Path) -> None:
    """Which is an error of the settings, for best as for any candidate."""
    done = run(tmp_path, HONEST + "\n\ndef other():\n    pass\n", "kernels.pa:other")
    assert done.returncode == 1
    assert "the script never called kernels.pa:other" in done.stderr


def test_what_is_returned_counts_as_what_is_written(tmp_path: Path) -> None:
    """Kernels that make their own outputs are looked at all the same."""
    kernel = "import torch\n\n\ndef answer(q):\n    return torch.Tensor([2 * value for value in q.values])\n"
    script = "import torch\nfrom kernels.pa import answer\nprint(answer(torch.Tensor([1.0])).values)\n"
    run(tmp_path, kernel, "kernels.pa:answer")
    (tmp_path / "tests/test_pa.py").write_text(script)
    argv = [sys.executable, "-P", str(poison_torch.__file__), "--call", "kernels.pa:answer", "--", "tests/test_pa.py"]
    environ = {"PYTHONPATH": f"{STANDIN}:{tmp_path}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[2.0]\n"), done.stderr
