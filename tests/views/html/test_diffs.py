from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.views.html.diffs import MOST_CHARS, MOST_LINES, choose_diffs, render_diff
from kernel_opt.views.html.fold import PageStory
from tests.views import canned
from tests.views.html.rich import DIFF


def test_added_and_removed_lines_are_marked():
    """Runs of them together; heads and hunks strong; everything escaped."""
    html = render_diff(DIFF)
    assert "<del>-        k_tile = load(k, block)</del>" in html
    assert "<ins>+        k_tile = next_tile  # &lt;/script&gt;" in html
    assert html.count("<ins>") == 1
    assert html.startswith("<b>diff --git a/kernels/pa.py b/kernels/pa.py\nindex 1111111..2222222 100644\n--- a/")
    assert "next_tile = prefetch(k, block + 1)\n+" in html


@given(st.text(max_size=300))
def test_any_text_is_harmless(text):
    """No element but our own four, whatever stands in a file."""
    html = str(render_diff(text))
    for tag in ("ins", "del", "b", "i"):
        html = html.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert "<" not in html
    assert all(char.isprintable() or char in "\n\u2028\u2029" or char.isspace() for char in html)


def test_a_long_diff_is_cut_and_says_so():
    """By lines, and by characters."""
    assert render_diff("+x\n" * (MOST_LINES + 7)).endswith("<i>… 7 more lines</i>")
    assert len(render_diff("+" + "x" * 999 + "\n" + ("+" + "x" * 999 + "\n") * 100)) < MOST_CHARS * 1.2
    assert render_diff("") == ""


def test_kept_rounds_have_their_diffs_before_all_others():
    """Then the newest; what has no room is left out, and what never had a candidate has none."""
    story = PageStory()
    for entry in canned.Canned().baseline().keep().drop().drop().fail().entries:
        story.add(entry)
    size = len(render_diff(DIFF))
    assert sorted(choose_diffs(story.rounds, lambda _: DIFF, room=2 * size)) == [1, 4]
    assert list(choose_diffs(story.rounds, lambda _: DIFF, room=size)) == [1]
    assert choose_diffs(story.rounds, lambda _: "") == {}
