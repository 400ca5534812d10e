"""A brief stays within its tokens, whatever a run has come to; what it leaves out it says."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.proposal import Task
from kernel_opt.model.skill import SkillNote
from kernel_opt.model.state import Best, RunState
from kernel_opt.model.trace import Hotspot, StallKind, StallShare
from kernel_opt.rules.memory.outline import MOST_NAMES, Outline
from kernel_opt.views.brief import Guide, brief_facts, render_brief
from kernel_opt.views.brief_size import CAPS, LEVELS, estimate_tokens, shrink
from tests.fakes import bench_run, config_class, settings, trace
from tests.views.journals import JOURNALS, MARKUP, WIDE

FULL = Guide(
    files=tuple(
        Outline(path=f"kernels/{'deep/' * 9}file_{n}.py", lines=900, names=(("some_function_name", 7),) * MOST_NAMES)
        for n in range(12)
    ),
    diff="+    accumulator[i] = mfma(a[i], b[i], accumulator[i])  # comment\n" * 500,
    skills=tuple(SkillNote(name=f"skill-{n}", about="what it is for " * 60, path="/a/b/SKILL.md") for n in range(20)),
)


@cache
def crowded() -> RunState:
    """Five hundred rounds, a trace full of places, fifty classes, text that takes many tokens everywhere."""
    run = JOURNALS["500 rounds"]()
    state = run.state
    spots = tuple(
        Hotspot(id=f"vmem_wait@file.py:{n}", kind="vmem_wait", kernel="k" * 90, share_pct=5.0, source=WIDE, note=MARKUP)
        for n in range(60)
    )
    stalls = tuple(StallShare(kernel="k" * 90, kind=kind, share_pct=9.0) for kind in StallKind) * 4
    shown = replace(trace(), hotspots=spots, stalls=stalls)
    blocks = tuple(
        tuple(replace(one, sentence=MARKUP + WIDE + str(one.round)) for one in block) for block in state.trial_blocks
    )
    classes = tuple(config_class(f"block_size={n}, head_size=128, query_length=2, kv_heads=8") for n in range(50))
    best = Best("tip", "c" * 40, bench_run(), 1, shown)
    return replace(
        state, best=best, trial_blocks=blocks, classes=classes, ask=Ask(aim=Aim.RADICAL, avoid=("x" * 90,) * 99)
    )


@pytest.mark.parametrize("tokens", [12_000, 7_000, 5_000])
@pytest.mark.parametrize("task", Task)
def test_the_worst_brief_fits(task: Task, tokens: int) -> None:
    """For every task, with little room too; the same facts give the same bytes."""
    facts = brief_facts(task, crowded(), settings(), MARKUP * 99, None, FULL)
    text = render_brief(facts, tokens)
    assert estimate_tokens(text) <= tokens
    assert text == render_brief(facts, tokens)
    assert "## How to answer" in text
    assert len(text.encode()) <= 4 * tokens  # no tokenizer makes more tokens than there are bytes; this is near that


def test_what_is_left_out_is_said() -> None:
    """And a brief with room leaves out nothing."""
    text = render_brief(brief_facts(Task.PROPOSE, crowded(), settings(), "", None, FULL), 5_000)
    assert "Left out here to keep this short: " in text
    run = JOURNALS["running"]()
    assert "Left out" not in render_brief(brief_facts(Task.PROPOSE, run.state, run.settings, "", None), 12_000)


@pytest.mark.parametrize("name", JOURNALS)
def test_every_kind_of_run_has_a_short_brief(name: str) -> None:
    """Five hundred rounds included."""
    run = JOURNALS[name]()
    text = render_brief(brief_facts(Task.PROPOSE, run.state, run.settings, "", None), 12_000)
    assert estimate_tokens(text) <= 5_000
    assert "\x1b" not in text


def test_ids_and_keys_are_never_cut() -> None:
    """They must be repeated to the letter."""
    facts = shrink({"classes": [{"key": "k" * 500, "note": "n" * 500}], "files": []}, LEVELS - 1)
    (row,) = facts["classes"]  # type: ignore[misc]
    assert row["key"] == "k" * 500  # type: ignore[index]
    assert len(row["note"]) < 110  # type: ignore[index]


def test_the_newest_of_the_past_stays() -> None:
    """Of what grows with the run its end is kept, of what is ranked its beginning."""
    facts = {"kept": list("abcdefgh"), "hotspots": list(range(40)), "log_tail": "a" * 9000 + "end", "files": []}
    told = shrink(facts, LEVELS - 1)
    assert told["kept"] == ["g", "h"]
    assert told["hotspots"] == list(range(6))
    assert str(told["log_tail"]).endswith("end")
    assert told["left_out"] == "34 hotspots, 6 kept"


def test_each_level_is_shorter() -> None:
    """Down to the last."""
    assert all(len(caps) == LEVELS and list(caps) == sorted(caps, reverse=True) for caps in CAPS.values())


@given(st.text(max_size=400))
def test_the_estimate_is_bounded_by_the_text(text: str) -> None:
    """Never negative, never more than two for a sign, and a text after another adds to it."""
    assert 0 <= estimate_tokens(text) <= 2 * len(text)
    assert estimate_tokens(text + "\n" + text) <= 2 * estimate_tokens(text) + 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a cat", 2), ("prefetching", 3), ("12345", 3), ("| a |", 3), ("x = y[3];", 7), ("块", 2), ("a\n\nb", 3)],
)
def test_the_estimate_of_known_texts(text: str, tokens: int) -> None:
    """Words by four letters, digits by two, every sign one, foreign letters two; a single space is free."""
    assert estimate_tokens(text) == tokens
