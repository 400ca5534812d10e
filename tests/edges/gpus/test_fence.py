"""Promises about cards that a scheduler fences off: they are as if they were not there."""

import errno
import os
from pathlib import Path

import pytest

from kernel_opt.edges.gpus.fence import drop_fenced
from kernel_opt.model.reading import Reading


def card(number: int, **rest: object) -> Reading:
    return Reading(card=number, source="t", at_s=0.0, render_minor=128 + number, hip_index=number, **rest)


def test_without_a_fence_all_cards_stay(tmp_path: Path) -> None:
    """A device that is missing, or that the user has no right to, is somebody else's affair."""
    cards = [card(0), card(1), Reading(card=2, source="t", at_s=0.0)]
    assert drop_fenced(cards, str(tmp_path)) == tuple(cards)


def test_fenced_cards_are_dropped_and_the_rest_is_counted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime counts only what it can open, so a mask of 0 means the first card that is left."""
    real = os.open

    def fenced(path: str, flags: int, *rest: int) -> int:
        if path.endswith(("renderD128", "renderD130")):
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", fenced)
    left = drop_fenced([card(0), card(1), card(2), card(3)], str(tmp_path))
    assert [(one.card, one.hip_index) for one in left] == [(1, 0), (3, 1)]
