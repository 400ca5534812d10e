"""A file's map: what it defines and where, whatever it is written in, and never more than can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.memory.outline import MOST_NAMES, outline

PYTHON = """import x

class Tile:
    def load(self, at):
        return at

async def run(): ...
if run(3):
    pass
"""
HIP = """#define TILE 64
template <int N>
__global__ __launch_bounds__(256) void pa_decode(const float* q,
    float* out) {
  if (x) { return; }
}
static inline float dot(const float *a) {
  call(a);
"""


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("k.py", PYTHON, (("Tile", 3), ("load", 4), ("run", 7))),
        ("k.hip", HIP, (("TILE", 1), ("pa_decode", 3), ("dot", 7))),
        ("k.py", "x" * 1000 + "\n" + "def " + "f" * 500, ()),
    ],
)
def test_what_is_defined_and_where(path: str, text: str, names: tuple) -> None:
    """Functions, classes, kernels and macros; not calls, not keywords, not lines that are data."""
    found = outline(path, text)
    assert found.names == names
    assert found.lines == len(text.splitlines())


@given(st.text(alphabet="def clas(){};_ab \n*<>&:", max_size=300))
def test_no_text_is_too_much(text: str) -> None:
    """Any text has an outline, of bounded length."""
    for path, line in (("k.py", "def f():\n"), ("k.hip", "void f(\n")):
        assert len(outline(path, text * 3 + "\n" + line * 60).names) == MOST_NAMES
