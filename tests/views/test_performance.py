import pytest
from markdown_it import MarkdownIt

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.measurement import Arm, TimedRun
from kernel_opt.model.round_facts import Ending
from kernel_opt.views.performance import render_documents, render_performance
from kernel_opt.views.performance_rounds import regression_rows
from kernel_opt.views.run_story import tell_run
from tests.views import canned
from tests.views.canned import Canned
from tests.views.journals import JOURNALS

NEW = "e" * 40
RENDER = MarkdownIt("commonmark").enable("table")
ROW_COLUMNS = ("date (UTC)", "commit", "status", "benchmark command", "target class or dispatch condition",
               "kernel", "us_flydsl_ps", "average GPU time (us)", "change vs previous best", "why")  # fmt: skip


def tables_of(markdown: str) -> list[list[list[str]]]:
    """Return every table as rows of cells, as a renderer sees them."""
    tables: list[list[list[str]]] = []
    tokens = RENDER.parse(markdown)
    for token, before in zip(tokens[1:], tokens, strict=False):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and before.type in {"th_open", "td_open"}:
            tables[-1][-1].append("".join(child.content for child in token.children))
    return tables


def table_with(markdown: str, head: str) -> list[list[str]]:
    return next(table for table in tables_of(markdown) if head in table[0])


@pytest.mark.parametrize("name", JOURNALS)
def test_every_state_renders_as_tables_of_one_shape(name):
    """A renderer finds as many cells in every row as in its head, and no table fell apart into text."""
    text = render_performance(JOURNALS[name]().entries)
    tables = tables_of(text)
    assert tables
    assert all(len(row) == len(table[0]) for table in tables for row in table)
    assert sum(line.startswith("|") for line in text.splitlines()) == sum(len(table) + 1 for table in tables)
    assert "\n\n\n" not in text
    assert "None" not in text


def test_the_results_hold_baseline_and_kept_rounds_only():
    """Ties, regressions and crashes never go in the table; the open round neither."""
    results = table_with(render_performance(canned.running().entries), "status")
    assert tuple(results[0]) == ROW_COLUMNS
    assert [row[2] for row in results[1:]] == ["baseline", "keep"]
    assert results[1][1] == "bbbbbbbbbb"
    assert results[2] == ["2026-09-21 14:31", "0001faaaaa", "keep", "python tests/kernels/test_pa.py", "all classes",
                          "pa_decode_kernel", "184.9", "190.0", "7.5 ± 0.4 % faster",
                          "Prefetch block 1 of K earlier."]  # fmt: skip


def doubted() -> Canned:
    """Up to where the way back is about to be written."""
    run = Canned().baseline().keep((0.9, 0.95))
    run.add(f.BenchedWrong(commit=run.state.code, rows=(), why="3 rows are wrong", folder="x"))
    return run


@pytest.mark.parametrize(
    ("purpose", "build", "published"),
    [
        ("baseline", lambda: Canned().to_baseline(), r.BaselineKept(commit=NEW)),
        ("keep", lambda: Canned().baseline().drop().to_keep(), r.Kept(commit=NEW, candidate="", why="w")),
        ("rollback", doubted, r.RolledBack(commit=NEW, code="", why="")),
        ("stop", lambda: Canned().baseline().keep().to_stop(), f.Stopped(reason="r", code="c", best=NEW)),
    ],
)
def test_what_is_committed_is_what_the_journal_gives_later(purpose, build, published):
    """The report written while a commit is sealed is, byte for byte, the one rendered when it is published."""
    run = build()
    committed = render_documents(run.entries, pending=purpose)
    run.add(r.Sealed(purpose=purpose, old=run.state.tip, new=NEW))
    run.add(published)
    assert render_documents(run.entries) == committed
    assert render_documents(iter(run.entries)) == committed


def test_without_pending_the_open_round_is_no_row():
    """A keep that is not sealed is not claimed."""
    run = Canned().baseline().to_keep()
    assert len(table_with(render_performance(run.entries), "status")) == 2
    assert len(table_with(render_performance(run.entries, pending="keep"), "status")) == 3


def test_nothing_to_tell_is_told():
    """An empty journal or a run without baseline still gives a document."""
    assert "There is no baseline yet" in render_performance([])
    assert "Nothing was tried yet." in render_performance(canned.fresh().entries)
    assert "Nothing is kept yet" in render_performance(Canned().baseline().entries)


def test_the_headline_is_what_was_measured_afresh():
    """On top stands the gain that may be claimed, with how it is known; sums of keeps are never shown."""
    run = Canned().baseline().keep()
    assert "**7.5 ± 0.9 % less time** than the baseline: script time, one benchmark run" in render_performance(
        run.entries
    )
    assert "not measured afresh yet" in render_performance(run.entries)
    run.headline()
    assert (
        "**7.5 ± 0.4 % less time** than the baseline: GPU time, measured afresh in 6 pairs of baseline and best on one "
        "card, geometric mean over 2 classes." in render_performance(run.entries)
    )
    run.keep()
    assert "Measured afresh 1 keep ago, it was 7.5 ± 0.4 %" in render_performance(run.entries)


def test_the_baseline_is_described():
    """Kernel, registers, LDS, bottlenecks, and correctness and time per class."""
    text = render_performance(Canned().baseline().entries)
    kernel = {row[0]: row[1] for row in table_with(text, "baseline")[1:]}
    assert kernel["hottest target kernel"] == "pa_decode_kernel"
    assert kernel["average GPU time (us)"] == "200"
    assert (kernel["arch VGPR"], kernel["accum VGPR"], kernel["SGPR"], kernel["LDS (bytes)"]) == (
        "128",
        "4",
        "96",
        "16384",
    )
    assert kernel["waves per SIMD"] == "4 of 8, limited by vgpr"
    assert "- 34 %, vmem_wait, `pa_decode_kernel`, `s_waitcnt vmcnt(0) at pa.py:120`" in text
    classes = table_with(text, "class")
    assert classes[1][:4] == [canned.KEYS[0], "2 of 2 (error column 0)", "20 %", "100.0"]
    assert "grouped by block_size, mtp, head_size" in text


def test_a_trace_that_tells_nothing_leaves_dashes_out():
    """A platform without tracer has no kernel section at all."""
    run = Canned()
    run.add(f.Benched(run=canned.bench_of(run.base), classes=canned.CLASSES))
    nothing = canned.Measurement(best=run.base, candidate=run.base)
    run.add(f.Measured(purpose=canned.Purpose.NOISE, measurement=nothing, folder="x", gpu_s=1))
    run.add(f.NoiseJudged(notes=(), detectable_pct={}))
    run.add(f.Traced(commit=run.base, trace=None, folder="x"))
    text = render_performance(run.entries, pending="baseline")
    assert "## Kernel" not in text
    assert table_with(text, "status")[1][5] == "–"
    assert table_with(text, "status")[1][7] == "–"


def test_a_split_says_which_class_runs_which_kernel():
    """Condition, classes and kernel stand in the dispatch table, in the row, and beside each class."""
    text = render_performance(canned.split().entries)
    assert table_with(text, "condition")[1:] == [
        ["block_size == 1024", canned.KEYS[1], "pa_decode_1024"],
        ["otherwise", canned.KEYS[0], "pa_decode_kernel"],
    ]
    row = table_with(text, "status")[-1]
    assert row[2] == "split"
    assert row[4] == f"{canned.KEYS[1]} where block_size == 1024"
    assert [line[-1] for line in table_with(text, "class")[1:]] == ["pa_decode_kernel", "pa_decode_1024"]


def test_the_stop_summary():
    """Time, reason, best, its metrics, and the last five regressions with all their columns."""
    text = render_performance(canned.stopped().entries)
    facts = next(dict(table[1:]) for table in tables_of(text) if ["Reason", "5 regressions in a row"] in table)
    assert facts["Best"] == "0001faaaaa"
    assert facts["Best metrics"] == "184.9 us by the benchmark, 190.0 us of GPU time per call"
    assert facts["Time"].endswith("UTC")
    regressions = table_with(text, "attempt")
    assert len(regressions) == 6
    assert regressions[1][:6] == ["round 2: 0002aaaaaa", "Prefetch block 2 of K earlier.", "kernels/pa.py",
                                  "184.9 → 197.9", "190.0 → 214", "7.0 ± 0.4 % slower"]  # fmt: skip


def test_a_stop_without_regressions_and_an_earlier_stop():
    """A resumed run remembers when it was stopped before; its summary comes back with the next stop."""
    run = Canned().baseline().stop()
    assert "No regression was measured." in render_performance(run.entries)
    run.add(f.DaemonStarted(pid=1, wished=True))
    assert "## Stop Summary" not in render_performance(run.entries)
    run.to_stop()
    assert "| Stopped before |" in render_performance(run.entries)


def test_what_was_learned():
    """Confirmed and refuted predictions are listed with prediction and outcome; the rest is counted."""
    text = render_performance(canned.running().entries)
    assert "Of 4 predictions: 1 confirmed, 2 refuted, 1 inconclusive." in text
    assert "- round 4: Prefetch block 4 of K earlier. Predicted 5 % faster, measured 7.0 ± 0.4 % slower." in text


def test_the_environment_is_named():
    """What the numbers depend on: machine, versions, containment, noise."""
    text = render_performance(canned.running().entries)
    facts = next(dict(table[1:]) for table in tables_of(text) if ["ROCm", "7.0.1"] in table)
    assert facts["sandbox level"].startswith("S3 (bubblewrap: ")
    assert facts["core clock"] == "unknown: the platform does not tell it"
    assert facts["card"] == "0000:83:00.0"
    assert facts["smallest change that can be shown"] == "0.6 to 1.2 %, by class"
    assert "- the clock was not fixed" in text


def test_hostile_text_breaks_nothing():
    """Markup, pipes, newlines, escape codes and reordering marks in a hypothesis stay text."""
    evil = "# x | y\n| a |\n<script>alert(1)</script> ![i](http://e.vil) `c` \x1b[31m \u202e @all [^1] **b** www.e.vil"
    run = Canned().baseline().keep(sentence=evil).drop(Ending.REGRESSION, sentence=evil).to_stop()
    text = render_performance(run.entries)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert all(len(row) == len(table[0]) for table in tables_of(text) for row in table)
    html = RENDER.render(text)
    for tag in ("<script", "<strong>b", "href"):
        assert tag not in html
    assert html.count("<img") == html.count('<img src="performance.svg"') == 1


def test_five_hundred_rounds_stay_readable():
    """The report grows with what was kept, not with what was tried."""
    text = render_performance(canned.long(500).entries)
    assert len(table_with(text, "status")) == 22
    assert "(the last 10 of 20)" in text
    assert len(text.splitlines()) < 150
    blocks = table_with(text, "rounds")
    assert len(blocks) == 11
    assert blocks[1][:4] == ["1 to 50", "2", "5 failed, 16 regression, 27 tie", "45"]
    assert "500: " in text


def test_many_files_and_classes_are_counted():
    """A regression that touched twenty files names three."""
    run = Canned().baseline().drop(Ending.REGRESSION).to_stop()
    note = run.state.recent_regressions[0]
    many = canned.replace(note, files=tuple(f"k/{n}.py" for n in range(20)), best_gpu_us=None, candidate_gpu_us=None)
    story = tell_run(run.entries)
    story.state = canned.replace(story.state, recent_regressions=(many,))
    story.rounds = []
    (row,) = regression_rows(story)
    assert "`k/2.py`, 17 more" in row
    assert row.startswith("| `0001aaaaaa` |")


def test_classes_that_cannot_show_a_small_gain_are_counted():
    """The report says how many classes the noise hides a 2 % gain of, and what would help."""
    run = Canned()
    run.add(f.Benched(run=canned.bench_of(run.base), classes=canned.CLASSES))
    nothing = canned.Measurement(best=run.base, candidate=run.base)
    run.add(f.Measured(purpose=canned.Purpose.NOISE, measurement=nothing, folder="x", gpu_s=1))
    run.add(f.NoiseJudged(notes=(), detectable_pct={canned.KEYS[0]: 6.2, canned.KEYS[1]: 0.5}))
    run.add(f.Traced(commit=run.base, trace=None, folder="x"))
    text = render_performance(run.entries, pending="baseline")
    assert "classes that cannot show 2 %" in text
    assert "1 of 2; more inner repetitions or fixed clocks would help" in text


def test_report_and_picture_are_written_together():
    """Two files, rendered from one look at the journal; the report shows the picture, with words that stand for it."""
    documents = render_documents(iter(canned.running().entries))
    assert list(documents) == ["performance.md", "performance.svg"]
    text = documents["performance.md"].decode()
    assert text == render_performance(canned.running().entries)
    images = [child for token in RENDER.parse(text) for child in token.children or () if child.type == "image"]
    assert [image.attrs["src"] for image in images] == ["performance.svg"]
    assert images[0].content.startswith("Per cent of time saved against the baseline over 4 rounds: 7.5 ± 0.9 %")
    assert "performance.svg" not in render_performance(Canned().baseline().entries)


def test_a_very_long_run_leaves_older_rows_to_their_commits():
    """Sixty kept rows are shown; the rest is counted, with where it is found."""
    run = Canned().baseline()
    for _ in range(70):
        run.keep((0.999, 0.998))
    text = render_performance(run.entries)
    assert len(table_with(text, "status")) == 1 + 1 + 60
    assert "10 older kept rounds (rounds 1 to 10) left out: the report in the commit of each has its row." in text


def test_a_keep_that_did_not_hold_is_said():
    """Its row stays, marked; what best is now, and why the other was given up, stands on top."""
    text = render_performance(JOURNALS["rolled-back"]().entries)
    assert [row[2] for row in table_with(text, "status")[1:]] == ["baseline", "keep", "keep, given up"]
    assert "| Given up | 2026-09-21 14:56 UTC: best does not hold" in text
    assert "**7.5 ± 0.4 % less time**" in text
    run = Canned().baseline().keep()
    run.add(f.BenchedWrong(commit=run.state.code, rows=(), why="3 rows are wrong", folder="x"))
    run.add(r.Sealed(purpose="rollback", old=run.state.tip, new=NEW))
    run.add(r.RolledBack(commit=NEW, code=run.base, why="w"))
    text = render_performance(run.entries)
    assert "What was kept did not hold when it was measured afresh: best is the kernel as found." in text
    assert table_with(text, "rounds")[1][-1] == "the baseline"


def test_agents_and_what_they_won():
    """Who proposed, how often that was kept, and what it cost; what was never told is not a number."""
    agents = table_with(render_performance(JOURNALS["two-agents"]().entries), "agent")
    assert agents[1:] == [
        ["claude", "large", "2", "2", "1", "20 thousand tokens", "0.10", "1 min"],
        ["codex", "small", "1", "1", "0", "not recorded", "not recorded", "1 min 30 s"],
    ]


def clocked(*clocks_mhz: float | None) -> dict[str, str]:
    """Return the environment of a run whose noise was measured at these clocks."""
    run = Canned()
    run.add(f.Benched(run=canned.bench_of(run.base), classes=canned.CLASSES))
    runs = tuple(
        TimedRun(arm=Arm.BEST, card="0000:83:00.0", script_us=(), clock_mhz=clock_mhz) for clock_mhz in clocks_mhz
    )
    pairs = canned.Measurement(best=run.base, candidate=run.base, runs=runs)
    run.add(f.Measured(purpose=canned.Purpose.NOISE, measurement=pairs, folder="x", gpu_s=1))
    tables = tables_of(render_performance(run.entries))
    return next(dict(table[1:]) for table in tables if ["ROCm", "7.0.1"] in table)


def test_the_clock_is_told_as_it_was_seen():
    """One value in all runs, a range, or unknown: never a guess."""
    assert clocked(2100.0, 2100.0)["core clock"] == "2100 MHz in all of the last 2 runs"
    assert clocked(1800.0, None, 2100.0)["core clock"] == "not fixed: 1800 to 2100 MHz in the last 2 runs"
    assert clocked(None)["core clock"] == "unknown: the platform does not tell it"


def test_text_from_right_to_left_turns_nothing_round():
    """It stands in an isolate of its own, so that the figures beside it stay where they are."""
    text = render_performance(JOURNALS["hostile"]().entries)
    for line in text.splitlines():
        assert line.count("\u2068") == line.count("\u2069")
    assert "\u2068טען" in text
