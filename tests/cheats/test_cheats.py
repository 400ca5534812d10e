"""The most telling cheats of the catalogue, each through a real round; ``python -m tests.cheats.long`` plays all."""

import os
from collections.abc import Iterator

import pytest

from tests.cheats.defences import ALL, kind_of
from tests.cheats.ground import Ground, open_ground
from tests.cheats.honest_pages import honest_pages
from tests.cheats.page import read_cheats

ROWS = 41
TOLD = (
    "01_compute_once", "02_compiled_memory", "04_right_for_eight_calls", "06_another_stream",
    "13_poisons_the_reference", "26_edits_the_harness", "30_drops_configs", "41_attacks_git",
    "45_binary_kernel", "47_link",
)  # fmt: skip
PAGES = {page.name: page for page in read_cheats()}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The embedded target with its baseline."""
    before = dict(os.environ)
    ground = open_ground(tmp_path_factory.mktemp("cheats").resolve(), "example")
    yield ground
    ground.end()
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("name", TOLD)
def test_it_is_refused(ground: Ground, name: str) -> None:
    """By one of the defences that are named to catch it, and told by its name."""
    played = ground.play(PAGES[name])
    assert (played.ending, played.rule) == ("refused", PAGES[name].caught_by[0]), played


@pytest.mark.slow
def test_a_patch_that_only_looks_like_a_cheat_is_kept(ground: Ground) -> None:
    """Comments full of the words of cheats make nobody refuse a gain."""
    page = next(page for page in honest_pages() if page.name == "example_scary_words")
    played = ground.play(page, once=True)
    assert played.got_through, played


@pytest.mark.slow
def test_a_cheat_gets_through_without_its_defence(ground: Ground) -> None:
    """Else the defence would be decoration, or the cheat none."""
    played = ground.play(PAGES["45_binary_kernel"], ("protected-path",))
    assert played.got_through, played


def test_the_catalogue_is_whole() -> None:
    """Every row has a patch, or says why it cannot be played; every name of a defence is one."""
    assert {page.row for page in PAGES.values()} >= set(range(1, ROWS + 1))
    own = {"sandbox", "containment", "bounded", "wrong"}
    for page in PAGES.values():
        assert page.stored or page.caught_by, page.name
        assert set(page.caught_by) <= {*ALL, *own}, page.name


def test_honest_patches_are_many_and_all_different() -> None:
    """At least forty, on both targets."""
    pages = honest_pages()
    assert len(pages) >= 40
    assert len({(page.edits, page.script) for page in pages}) == len(pages)
    assert {page.target for page in pages} == {"example", "flydsl"}


def test_every_check_has_a_kind() -> None:
    """Two of one kind count as one when independent defences are counted."""
    assert kind_of("skipped-calls") == kind_of("uneven-calls") != kind_of("poison")
    assert kind_of("a check that is new") == "a check that is new"
