"""Promises of the sandbox's words."""

from kernel_opt.model.sandbox import SandboxLevel, describe


def test_levels_are_ordered() -> None:
    """A level holds what a weaker one holds, and itself, and no more."""
    held = {(a.value, b.value) for a in SandboxLevel for b in SandboxLevel if a.holds(b)}
    assert held == {("S1", "S1"), ("S2", "S1"), ("S2", "S2"), ("S3", "S1"), ("S3", "S2"), ("S3", "S3")}


def test_each_level_has_words() -> None:
    """Every level is told with its name and with what holds there."""
    for level in SandboxLevel:
        assert describe(level).startswith(f"{level.value} (")
    assert "bubblewrap" in describe(SandboxLevel.S3)
