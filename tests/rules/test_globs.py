"""Globs say which files may change: what they match is what a person reads in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.globs import matches_any

NAMES = st.text(st.characters(blacklist_characters="*?/", blacklist_categories=("Cs",)), min_size=1, max_size=6)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("kernels/**", "kernels/a.py", True),
        ("kernels/**", "kernels/deep/er/a.py", True),
        ("kernels/**", "kernels", False),
        ("kernels/**", "other/kernels/a.py", False),
        ("**/conftest.py", "conftest.py", True),
        ("**/conftest.py", "a/b/conftest.py", True),
        ("**/conftest.py", "a/myconftest.py", False),
        ("**/cache/**", "cache/x", True),
        ("**/cache/**", "a/cache/b/x", True),
        ("**/cache/**", "a/cached/x", False),
        ("**", "any/where.py", True),
        ("*.py", "a.py", True),
        ("*.py", "a/b.py", False),
        ("a/*/c.py", "a/b/c.py", True),
        ("a/*/c.py", "a/c.py", False),
        ("a/**/c.py", "a/c.py", True),
        ("a/**/c.py", "a/b/b/c.py", True),
        ("a**/c.py", "ac.py", False),
        ("a**/c.py", "abc/d/c.py", True),
        ("?.py", "a.py", True),
        ("?.py", "ab.py", False),
        ("a?b", "a/b", False),
        ("a.py", "aXpy", False),
        ("[ab].py", "a.py", False),
        ("[ab].py", "[ab].py", True),
        ("k/**", "k/line\nbreak.py", True),
        ("*.py", "A.PY", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_a_glob_means_what_it_says(glob: str, path: str, fits: bool) -> None:
    """`*` and `?` stay within a folder, `**` crosses them, `**/` may be no folder at all, the rest is literal."""
    assert matches_any(path, (glob,)) == (glob if fits else None)


def test_the_first_glob_that_fits_is_told() -> None:
    """It is the reason that people read; no globs fit nothing."""
    assert matches_any("a/b.py", ("x", "a/**", "**")) == "a/**"
    assert matches_any("a/b.py", ()) is None


@given(PATHS)
def test_a_path_without_wildcards_matches_itself_alone(path: str) -> None:
    """Whatever characters a name has, none is taken for a pattern."""
    assert matches_any(path, (path,)) == path
    assert matches_any(f"{path}x", (path,)) is None
    assert matches_any(f"x/{path}", (path,)) is None


@given(PATHS, PATHS)
def test_all_below_a_folder_is_matched(folder: str, path: str) -> None:
    """At either end of a glob `**` leaves nothing out."""
    assert matches_any(f"{folder}/{path}", (f"{folder}/**",))
    assert matches_any(f"{folder}/{path}", (f"**/{path}",))
    assert matches_any(path, (f"**/{path}",))


@given(PATHS)
def test_one_star_never_crosses_a_folder(path: str) -> None:
    """A glob for one folder does not open those below."""
    assert (matches_any(path, ("*",)) is not None) == ("/" not in path)
