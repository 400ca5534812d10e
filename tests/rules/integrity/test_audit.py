"""What a run opens, starts and connects to: the system's files and its own folders are nobody's business."""

import pytest

from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.rules.integrity.audit import check_audit, find_odd

OWN = ("/state/tree", "/state/folder")


@pytest.mark.parametrize(
    "seen",
    [
        ("read", "/usr/lib/libc.so.6"), ("read", "/etc/ld.so.cache"), ("write", "/state/tree/out.csv"),
        ("read", "/state/folder/home-1/x.so"), ("write", "/dev/null"), ("read", "pipe:[77]"), ("read", "/state/tree"),
        ("read", "/proc/cpuinfo"),
    ],
)  # fmt: skip
def test_what_every_program_does_is_not_odd(seen: tuple[str, str]) -> None:
    """Headers that new code asks for, its own results, pipes."""
    assert find_odd((seen,), OWN) == frozenset()


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (("write", "/etc/passwd"), ("write", "/etc/passwd")),
        (("read", "/home/user/notes"), ("read", "/home/user/notes")),
        (("read", "/state/trees/x"), ("read", "/state/trees/x")),
        (("read", "/proc/4711/mem"), ("read", "/proc/self/mem")),
        (("write", "/proc/self/task/9/mem"), ("write", "/proc/self/mem")),
        (("start", "/usr/bin/cc"), ("start", "/usr/bin/cc")),
        (("start", "/state/folder/home-3/evil"), ("start", "<1>evil")),
        (("connect", "{sa_family=AF_INET}"), ("connect", "{sa_family=AF_INET}")),
    ],
)
def test_the_rest_is_told(seen: tuple[str, str], told: tuple[str, str]) -> None:
    """Without what differs from run to run."""
    assert find_odd((seen,), OWN) == {told}


def test_what_best_does_as_well_is_usual() -> None:
    """A compiler is started by both; only what is new counts, and not all of it is shown."""
    usual = frozenset({("start", "/usr/bin/cc")})
    assert check_audit(usual, usual).outcome is CheckOutcome.PASSED
    assert check_audit(frozenset(), usual).outcome is CheckOutcome.PASSED
    told = check_audit(usual | {("write", f"/x{n}") for n in range(5)}, usual)
    assert (told.outcome, told.why) == (
        CheckOutcome.FAILED, "best does not: write /x0, write /x1, write /x2 and 2 more"
    )  # fmt: skip
