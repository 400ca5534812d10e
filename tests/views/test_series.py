"""The wins of a run, told as commits: what still stands, why, and with which figures."""

import json
from dataclasses import replace as with_fields

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.comparison import Comparison, Side
from kernel_opt.model.facts import Purpose
from kernel_opt.model.hypothesis import Hypothesis, Usage
from kernel_opt.model.measurement import Measurement
from kernel_opt.model.verdict import Outcome
from kernel_opt.views.format import width_of
from kernel_opt.views.series import Win, find_wins, render_message, subjects
from kernel_opt.views.series_text import Series, render_letter, render_series, series_record
from kernel_opt.views.story import RoundStory
from kernel_opt.views.terminal import Terminal
from tests.views.canned import CLASSES, KEYS, Canned, verdict_of
from tests.views.journals import HOSTILE

AFRESH = Comparison(
    a=Side(name="the baseline", commit="b" * 40),
    b=Side(name="the series", commit="7" * 40),
    verdict=verdict_of(Outcome.BETTER, (0.8, 0.9)),
    measurement=Measurement(best="b" * 40, candidate="7" * 40),
    classes=CLASSES,
    card="0000:83:00.0",
    gpu_s=12.0,
)


def wins_of(run: Canned) -> tuple[Win, ...]:
    return find_wins(run.entries)[1]


def doubted() -> Canned:
    """Two keeps, of which the second does not hold when it is measured afresh."""
    run = Canned().baseline().keep(sentence="first").keep(sentence="second")
    pairs = Measurement(best=run.base, candidate=run.state.code)
    run.add(f.Measured(purpose=Purpose.HEADLINE, measurement=pairs, folder="x", gpu_s=900))
    verdict = verdict_of(Outcome.TIE, (1.0, 1.0))
    run.add(f.HeadlineJudged(verdict=verdict, commit=run.state.code, holds=False, why="it does not hold"))
    return run


def test_every_keep_is_a_win_and_nothing_else_is() -> None:
    """Ties, failures and regressions make no commit; oldest first."""
    run = Canned().baseline().keep(sentence="Tile by 64.").drop().fail().keep(sentence="Prefetch K.")
    wins = wins_of(run)
    assert subjects(wins) == ["Tile by 64", "Prefetch K"]
    kept = [(entry.fact.commit, entry.at_s) for entry in run.entries if isinstance(entry.fact, r.Kept)]
    assert [(win.commit, win.at_s) for win in wins] == kept
    assert wins_of(Canned().baseline().drop()) == ()


def test_what_was_rolled_back_is_no_win_from_the_moment_it_is_doubted() -> None:
    """Also when the daemon died between the doubt and the way back; later keeps stand."""
    assert subjects(wins_of(doubted())) == ["first"]
    run = doubted()
    run.add(f.Measured(purpose=Purpose.HEADLINE, measurement=Measurement(best=run.base, candidate=run.state.code),
                       folder="x", gpu_s=900))  # fmt: skip
    run.add(f.HeadlineJudged(verdict=verdict_of(Outcome.BETTER, (0.9, 0.9)), commit=run.state.code))
    run.add(r.Sealed(purpose="rollback", old=run.state.tip, new="d" * 40))
    run.add(r.RolledBack(commit="d" * 40, code=run.state.code, why="it does not hold"))
    assert subjects(wins_of(run)) == ["first"]
    run.factors = [0.9, 0.95]
    run.keep(sentence="third")
    assert subjects(wins_of(run)) == ["first", "third"]


def test_a_message_tells_what_why_and_the_figures_of_its_own_round() -> None:
    """Per class and over all, with intervals, and that it is the journal's figure."""
    (win,) = wins_of(Canned().baseline().keep((0.9, 0.95), sentence="Tile by 64."))
    text = render_message(win, "apr16")
    head, why, figures, last = text.split("\n\n")
    assert (head, why) == ("Tile by 64", "waits on vmcnt")
    assert " ".join(figures.split()).startswith("Against the step before, as judged in round 1: GPU time over ")
    assert all(key in figures for key in (*KEYS, "all classes"))
    assert figures.count("faster") == 3
    assert last.startswith("Round 1 of kernel-opt run apr16, measured as 0001f")
    assert "afresh" not in text


def test_the_last_message_tells_what_the_whole_is_worth_afresh() -> None:
    """Apart from the steps, with the card and the commit it is against."""
    (win,) = wins_of(Canned().baseline().keep())
    text = render_message(win, "apr16", AFRESH)
    assert "The whole series against its base bbbbbbbbbb, measured afresh: GPU time" in " ".join(text.split())
    assert "on 0000:83:00.0:" in " ".join(text.split())


def test_a_split_says_which_classes_take_the_new_kernel() -> None:
    """With the condition of the dispatch."""
    win = wins_of(Canned().baseline().split())[-1]
    text = " ".join(render_message(win, "apr16").split())
    assert f"Dispatch: {KEYS[1]} where block_size == 1024; the others stay as they were." in text


def test_the_words_of_the_agent_stand_for_the_why() -> None:
    """What it said when it was asked for a commit message; without an answer the hypothesis has to do."""
    run = Canned().baseline().to_keep(sentence="Tile by 64.")
    checks = r.Rechecked(commit=run.state.stage.candidate.commit, checks=(), folder="x", gpu_s=1.0)
    said = r.Explained(message="Half the waits are gone.\n\n- one load less", usage=Usage(), folder="x")
    run.add(checks)
    run.add(said)
    run.publish()
    (win,) = wins_of(run)
    text = render_message(win, "apr16")
    assert "\n\nHalf the waits are gone.\n\n- one load less\n\n" in text
    assert "waits on vmcnt" not in text


def round_with(sentence: str, why: str = "") -> Win:
    one = RoundStory(round=3, opened_s=0.0, best="b" * 40, hypothesis=Hypothesis(sentence=sentence, why=why))
    return Win(round=one, commit="c" * 40, at_s=0.0)


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_hypothesis_breaks_a_message(sentence: str, why: str) -> None:
    """The first line is one line that fits, without steering characters; nothing is lost."""
    text = render_message(round_with(sentence, why), "t")
    subject, _, rest = text.partition("\n\n")
    assert "\n" not in subject
    assert width_of(subject) <= 74
    assert all(char == "\n" or char.isprintable() for char in text)
    assert rest.endswith("Round 3 of kernel-opt run t.\n")


def test_hostile_words_are_harmless() -> None:
    """Escape codes and reordering marks of a hypothesis reach no terminal."""
    for text in HOSTILE:
        assert "\x1b" not in render_message(round_with(text, text), "t")


def test_a_long_sentence_stands_whole_in_the_body() -> None:
    """The subject is cut, the claim is not."""
    sentence = "word " * 40 + "end"
    text = render_message(round_with(sentence), "t")
    assert text.splitlines()[0].endswith("...")
    assert sentence in " ".join(text.split())


def series(**more: object) -> Series:
    wins = wins_of(Canned().baseline().keep(sentence="Tile by 64.").split())
    return with_fields(Series(tag="apr16", base="b" * 40, wins=wins), **more)


def test_the_screen_tells_what_was_made() -> None:
    """Where, which commits, whose figures, and what the whole is worth; nothing is longer than the terminal."""
    made = series(branch="clean", commits=("1" * 40, "2" * 40), afresh=AFRESH)
    lines = render_series(made, Terminal(width=80))
    assert lines[0] == "the branch clean: 2 commits on bbbbbbbbbb"
    assert any("1111111111  Tile by 64" in line and "round 1" in line and "faster" in line for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "each step's figure is the journal's" in text
    assert "measured afresh: GPU time" in text
    assert max(map(width_of, lines)) <= 80
    assert render_series(series(patches="/out"), Terminal())[0] == "patches in /out: 2 commits on bbbbbbbbbb"
    assert render_series(series(), Terminal())[0] == "would be made: 2 commits on bbbbbbbbbb"
    there = " ".join(render_series(series(branch="clean", was_there=True), Terminal()))
    assert "holds this series already" in there
    assert "not measured again" in there


def test_json_tells_the_same() -> None:
    """One object; what was not made or measured is null."""
    told = json.loads(msgspec.json.encode(series_record(series(branch="clean", commits=("1" * 40, "2" * 40)))))
    assert (told["branch"], told["patches"], told["tip"], told["afresh"]) == ("clean", None, "2" * 40, None)
    first, second = told["commits"]
    assert (first["commit"], first["round"], first["files"]) == ("1" * 40, 1, ["kernels/pa.py"])
    assert second["condition"] == "block_size == 1024"
    low, high = first["gain_interval_pct"]
    assert low < first["gain_pct"] < high
    dry = series_record(series(afresh=AFRESH))
    assert (dry["tip"], dry["commits"][0]["commit"]) == (None, None)
    assert dry["afresh"]["outcome"] == "better"


def test_the_letter_beside_patches_says_how_to_apply_them() -> None:
    """In order, with what the whole is worth."""
    made = series(patches="/out", commits=("1" * 40, "2" * 40), afresh=AFRESH)
    text = render_letter(made, 0.0, subjects(made.wins))
    assert text.startswith(f"# apr16: 2 patches on {'b' * 40}\n")
    assert "1. Tile by 64\n" in text
    assert "measured afresh" in text
    assert "git am *.patch" in text
