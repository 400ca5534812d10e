"""Signs of cheats in what a diff adds: a reason to look twice, found quickly, never in what was there before."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.integrity.refusals import MEANINGS, meaning_of
from kernel_opt.rules.integrity.signals import SIGNS, find_signals

PLAYBOOK = Path(__file__).parents[3] / "examples/paged-attention/playbook"

SUSPICIOUS = {
    "other modules' insides": "sys.modules['__main__'].measure = fast",
    "the caller's frame": "sys._getframe(1).f_locals",
    "raw memory": "open('/proc/self/mem', 'r+b')",
    "code from data": "exec(pickle.loads(blob))",
    "the environment": "if os.environ.get('ROCPROF_OUTPUT_PATH'):",
    "other threads or processes": "threading.Thread(target=work).start()",
    "streams, graphs, events": "with torch.cuda.stream(Stream()):",
    "the clock": "time.perf_counter = lambda: 0.0",
    "remembered results": "_CACHE = {}",
    "files": "np.load('answers.npy')",
    "the checker's own words": "torch.allclose = lambda *a, **k: True",
    "packages": "os.system('pip install x')",
    "a bank of numbers": ", ".join(f"{n}.5f" for n in range(40)),
}


@pytest.mark.parametrize("name", SIGNS)
def test_each_sign_is_seen_where_it_is_added(name: str) -> None:
    """And not where it is removed or only stands beside."""
    line = SUSPICIOUS[name]
    assert name in find_signals(f"+++ b/kernels/pa.py\n@@ -1 +1 @@\n+    {line}\n")
    assert find_signals(f"--- a/kernels/pa.py\n@@ -1 +1 @@\n-    {line}\n     {line}\n") == ()


@pytest.mark.parametrize("patch", sorted(PLAYBOOK.rglob("*.patch")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_honest_ideas_show_none(patch: Path) -> None:
    """All but the one that remembers its requests."""
    found = find_signals(patch.read_text())
    assert found == (("remembered results",) if patch.parent.name == "remember-requests" else ())


@given(st.text(max_size=300))
def test_no_text_whatever_breaks_it(text: str) -> None:
    """Whatever a candidate holds."""
    assert set(find_signals("+" + text)) <= set(SIGNS)


def test_a_refusal_says_what_it_means() -> None:
    """By its rule; a rule that says it all needs no more words."""
    assert meaning_of("poison: call 1 is wrong") == MEANINGS["poison"]
    assert meaning_of("benchmark tampered or incomplete: lost: a") == MEANINGS["benchmark tampered or incomplete"]
    assert meaning_of("no such rule: x") == ""
