import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.round_facts import Ending
from kernel_opt.views.html.fold import PageStory, Standing
from kernel_opt.views.html.page import Live, assets, render_cards, render_page, render_report
from kernel_opt.views.html.parts import render_parts
from tests.views import canned
from tests.views.html.rich import DIFF, enrich
from tests.views.journals import HOSTILE, JOURNALS

VOID = {"meta", "input", "br"}
SIZE_BAR = 3_000_000


class Reader(HTMLParser):
    """Reads a page as a browser would, and notes what it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.inline: dict[str, str] = {}
        self.torn: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.torn.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] in {"style", "script"}:
            self.inline[self.open[-1]] = self.inline.get(self.open[-1], "") + data
        else:
            self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def render(name: str, diff: str = DIFF) -> str:
    return render_report(enrich(JOURNALS[name]().entries), lambda _: diff)


@pytest.mark.parametrize("name", JOURNALS)
def test_every_run_is_one_whole_page(name):
    """Every tag is closed where it belongs, and nothing unknown is shown as a word of Python."""
    page = render(name)
    reader = read(page)
    assert (reader.torn, reader.open) == ([], [])
    shown = " ".join(reader.texts)
    assert not re.search(r"\bNone\b|\bnan\b|\bEnding\.|\[\]|Undefined", shown)
    assert {"main", "nav", "header", "footer", "h1", "h2"} <= reader.tags


@pytest.mark.parametrize("name", ["split", "hostile"])
def test_the_page_loads_nothing(name):
    """No address but anchors within, no frame, no image, no font, no style or handler in an attribute."""
    reader = read(render(name))
    assert not reader.tags & {"img", "iframe", "link", "object", "embed", "base", "audio", "video"}
    assert all(value.startswith("#") for key, value in reader.attributes if key in {"href", "src", "action"})
    assert not [key for key, _ in reader.attributes if key == "style" or key.startswith("on") or key == "srcset"]
    assert "url(" not in reader.inline["style"]
    assert "@import" not in reader.inline["style"]


def test_only_its_own_script_and_style_may_run():
    """The policy names the very bytes by their hash, and forbids all else."""
    reader = read(render("hostile"))
    policy = next(value for key, value in reader.attributes if value.startswith("default-src"))
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(reader.inline[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "connect-src" not in policy


def test_hostile_text_stays_text():
    """Markup in hypotheses and diffs is shown letter by letter; what steers and reorders is gone."""
    page = render("hostile")
    reader = read(page)
    shown = "".join(reader.texts)
    assert "<script>alert(1)</script>" in shown
    assert page.count("<script") == 1
    assert "<img src=x onerror=alert(1)>" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", page)
    for text in HOSTILE[2:5]:
        assert text in shown


@given(st.text(max_size=200))
def test_any_text_can_be_a_hypothesis(sentence):
    """Whatever a proposer writes, the page is whole and has no more elements than before."""
    run = canned.Canned().baseline().drop(Ending.TIE, sentence=sentence)
    reader = read(render_report(run.entries, lambda _: sentence))
    assert (reader.torn, reader.open) == ([], [])
    assert reader.texts
    assert "alert" not in reader.tags


def test_five_hundred_rounds_stay_small():
    """With a diff of a hundred lines in each the file is below three megabytes, and the kept ones have theirs."""
    diff = DIFF + "".join(f"+    value_{number} = load(base + {number})\n" for number in range(100))
    page = render("500 rounds", diff)
    assert len(page.encode()) < SIZE_BAR
    kept = re.findall(r'id="r(\d+)" data-ending="kept"', page)
    assert len(kept) == 20
    assert all(f'aria-label="Diff of round {number}"' in page for number in kept)
    assert "--diff</code> prints it" in page


def test_the_same_facts_give_the_same_bytes():
    """Nothing of the moment is in the page: it can be compared, and kept beside the run."""
    assert render("split") == render("split")


def test_a_live_page_says_what_it_has():
    """It carries its serial, may talk to its own server and to no other, and leads back to the list."""
    story = PageStory()
    for entry in canned.running().entries:
        story.add(entry)
    page = render_page(
        story,
        render_parts(story, Standing("running")),
        render_cards(story, lambda _: ""),
        Live(serial=7, may_wish=True),
    )
    assert 'data-serial="7"' in page
    assert "connect-src &#39;self&#39;" in page
    assert 'href="../.."' in page


def test_how_the_run_stands_is_told():
    """Word, step, since when, and what to do: as the onlooker gave them."""
    standing = Standing("dead", "timing the candidate", canned.START_S, "`kernel-opt start` goes on")
    shown = " ".join(read(render_report(canned.running().entries, lambda _: "", standing)).texts)
    assert "dead" in shown
    assert "timing the candidate" in shown
    assert "2026-09-21 14:13 UTC" in shown
    assert "`kernel-opt start` goes on" in shown


def test_stops_and_given_up_bests_are_told():
    """With their dates, the last three of each."""
    story = PageStory()
    for entry in canned.stopped().entries:
        story.add(entry)
    story.run.rollbacks = [(canned.START_S, f"lost {number} %") for number in range(5)]
    shown = " ".join(read(render_parts(story, Standing(""))["notes"]).texts)
    assert "5 regressions in a row" in shown
    assert "lost 4 %" in shown
    assert "lost 1 %" not in shown
    assert shown.count("given up for an earlier one 2026-09-21 14:13 UTC") == 3


def test_the_filter_knows_every_ending():
    """No round can end in a way that none of the buttons shows."""
    script = assets()["js"]
    groups = script[script.index("const groups") : script.index("};", script.index("const groups"))]
    assert [ending.value for ending in Ending if f'"{ending.value}"' not in groups] == []
