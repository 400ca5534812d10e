import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kernel_opt.views.format import clean
from kernel_opt.views.markdown import Markdown, code, escape, finalize, join, row

RENDER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
NASTY = st.text(alphabet=st.sampled_from("ab1 .)-+=#*_`|\\<>[]()!&~:/@$\n\t\x1b\u202e日")) | st.text()


def text_of(markdown: str) -> tuple[list[str], str]:
    """Return the kinds of all inline tokens, and the text that a reader sees."""
    inline = [child for token in RENDER.parse(markdown) for child in token.children or ()]
    return [child.type for child in inline], "".join(child.content for child in inline)


@given(NASTY)
def test_escaped_text_reads_as_it_was(text):
    """No markup of a hypothesis works, and none of it is lost."""
    wanted = clean(text)
    assert escape(text).count("\u2068") == escape(text).count("\u2069") <= 1
    blocks = RENDER.parse(escape(text))
    kinds, seen = text_of(escape(text))
    assert [token.type for token in blocks] == (["paragraph_open", "inline", "paragraph_close"] if wanted else [])
    assert set(kinds) <= {"text", "text_special"}
    assert seen.strip("\u2068\u2069") == wanted


@given(st.lists(NASTY, min_size=3, max_size=3), st.booleans())
def test_a_table_row_keeps_its_cells(texts, is_code):
    """Pipes, backticks and newlines in any text leave the table's shape alone."""
    line = row([code(text) if is_code else text for text in texts])
    tokens = RENDER.parse(f"| a | b | c |\n| --- | --- | --- |\n{line}\n")
    assert [token.type for token in tokens].count("td_open") == 3
    assert [token.type for token in tokens].count("tr_open") == 2


def test_code_spans_show_class_keys_raw():
    """What people copy from the report reads the same raw and rendered."""
    assert code("block_size=1024, mtp=1") == "`block_size=1024, mtp=1`"
    assert code("a|b`c") == r"`a\|b'c`"
    assert code("") == "–"


def test_values_are_escaped_unless_they_are_markdown():
    """The template cannot forget to escape."""
    assert finalize("*x*") == r"\*x\*"
    assert finalize(Markdown("*x*")) == "*x*"
    assert finalize(None) == "–"
    assert finalize(0) == "0"
    assert join(["a|", Markdown("`b`")]) == r"a\|, `b`"


def test_long_text_is_cut():
    """A hypothesis of a thousand words does not make a table unreadable."""
    assert len(escape("word " * 300, 80)) <= 80
    assert re.fullmatch(r"`.{59}…`", code("k" * 300, 60))
