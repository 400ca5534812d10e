"""The example's playbook: every idea is complete, and its patches apply wherever they should."""

import re
from pathlib import Path

import pytest

from tests.example.repository import IDEAS, LADDER, PLAYBOOK, TILES, apply, copy_example, read_idea

KEYS = {"hypothesis", "why", "patch", "after", "targets", "evidence", "predicts", "repairs", "split"}
ANYWHERE = ("hoist-reduce-exp/change", "fewer-splits/change", "remember-requests/change")
ON_TILES = ("spread-weight-rows/change", "unroll-loops/change")


def patches_of(idea: dict) -> list[str]:
    """Return the names of all patches that an idea speaks of."""
    return [part["patch"] for part in (idea, *idea.get("repairs", []), *filter(None, [idea.get("split")]))]


def files_of(patch: Path) -> set[str]:
    """Return what a patch changes."""
    return set(re.findall(r"^\+\+\+ b/(.*)$", patch.read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("name", IDEAS)
def test_an_idea_is_complete(name: str):
    """It says what it believes, why, what evidence it needs and what it predicts, and nothing else."""
    idea = read_idea(name)
    assert idea.keys() <= KEYS
    assert idea["hypothesis"].endswith(".")
    assert idea["why"].endswith(".")
    assert idea["predicts"] == {"metric": "gpu_time", "pct": idea["predicts"]["pct"]}
    assert -100 < idea["predicts"]["pct"] < 0
    assert idea["evidence"].keys() == {"kernel", "source", "min_share_pct"}
    assert re.search(idea["evidence"]["kernel"], "pa_main pa_reduce")
    re.compile(idea["evidence"]["source"])
    assert set(idea["after"]) <= set(IDEAS)
    assert sorted(patches_of(idea)) == sorted(path.name for path in (PLAYBOOK / name).glob("*.patch"))


@pytest.mark.parametrize("name", IDEAS)
def test_an_idea_changes_kernels_alone(name: str):
    """No patch touches the benchmark, its helpers or the runtime."""
    changed = set().union(*(files_of(path) for path in (PLAYBOOK / name).glob("*.patch")))
    assert changed <= {"kernels/pa_decode.c", "kernels/pa_decode.py", "kernels/pa_vector.h"}


def test_all_kinds_of_outcome_can_come_up():
    """There are steps that need another first, one with a repair, one whose repairs run out, and one with a split."""
    ideas = {name: read_idea(name) for name in IDEAS}
    assert sum(bool(idea["after"]) for idea in ideas.values()) >= 5
    assert {len(idea.get("repairs", [])) for idea in ideas.values()} >= {0, 1, 3}
    assert [name for name, idea in ideas.items() if "split" in idea] == ["share-rows"]


@pytest.mark.parametrize(
    "patches",
    [
        (*LADDER, "remember-requests/change", "skip-empty-splits/change", "tree-max/change", *ON_TILES),
        (*LADDER, "short-exp/change", "short-exp/repair-1", "short-exp/repair-2", "short-exp/repair-3"),
        # Whatever was kept or dropped before: without flags, without wide vectors, without the split, in other orders.
        ("hoist-lookups/change", "vector-tiles/change", "share-rows/split", "wide-vectors/change", *ANYWHERE),
        (
            "hoist-lookups/change",
            "vector-tiles/change",
            "short-exp/change",
            "reduce-intrinsic/change",
            "fast-flags/change",
        ),
        (*ANYWHERE, "fast-flags/change", "hoist-lookups/change", "vector-tiles/change", "vector-tiles/repair-1"),
        ("fewer-splits/change", *TILES, "spread-weight-rows/change", "share-rows/change", "hoist-reduce-exp/change"),
        (*TILES, "unroll-loops/change", "spread-weight-rows/change", "share-rows/split", "wide-vectors/change"),
    ],
    ids=range(7),
)
def test_patches_apply_in_any_sensible_order(tmp_path: Path, patches: tuple[str, ...]):
    """Each applies exactly on top of the ones before it."""
    copy_example(tmp_path, patches)


@pytest.mark.parametrize("name", IDEAS)
def test_an_idea_applies_once_what_it_waits_for_is_kept(tmp_path: Path, name: str):
    """Nothing but the ideas that ``after`` names, and what those wait for, is needed."""
    waits = set(read_idea(name)["after"])
    while more := {needed for idea in waits for needed in read_idea(idea)["after"]} - waits:
        waits |= more
    copy = copy_example(
        tmp_path, [patch for patch in LADDER if Path(patch).parent.name in waits and "repair" not in patch]
    )
    apply(copy, f"{name}/change")
