"""What a check of `doctor` says, and what it reads from the tools it asks."""

import pytest

from kernel_opt.rules.doctor import Check, Level, fail, ok, parse_properties, parse_version, warn


def test_a_check_says_how_bad_it_is() -> None:
    """Only what is not as it should be says what to do."""
    assert ok("git", "2.39") == Check("git", Level.OK, "2.39", "")
    assert warn("git", "old", "newer").level is Level.WARN
    assert fail("git", "none", "install it").mend == "install it"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("git version 2.39.5", (2, 39, 5)),
        ("git version 2.36.1.windows.1", (2, 36, 1)),
        ("git version 2.9", (2, 9)),
        ("no such thing", None),
        ("", None),
    ],
)
def test_a_version_is_found_in_what_a_program_says(text: str, version: tuple[int, ...] | None) -> None:
    """Compared as numbers, so that 2.9 is older than 2.36; without one it is unknown."""
    assert parse_version(text) == version


def test_properties_are_read_line_by_line() -> None:
    """Lines without a value are passed over."""
    assert parse_properties("KillUserProcesses=no\nnoise\nLinger=yes=no\n") == {
        "KillUserProcesses": "no",
        "Linger": "yes=no",
    }
