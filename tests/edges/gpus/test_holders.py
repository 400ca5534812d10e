"""Who of us holds a card open."""

from pathlib import Path

from kernel_opt.edges.gpus.holders import find_holders


def test_only_processes_with_the_driver_open_hold_a_card(tmp_path: Path):
    """Open files are looked at; a process that has gone, or is not ours to look into, holds nothing."""
    for pid, target in ((1, "/dev/kfd"), (2, "/dev/null")):
        (tmp_path / f"{pid}/fd").mkdir(parents=True)
        (tmp_path / f"{pid}/fd/3").symlink_to(target)
    assert find_holders([1, 2, 3], tmp_path) == {1}
    assert find_holders([]) == frozenset()
