"""`kernel-opt finish` after a whole run: a clean branch, measured first, beside everything that is there."""

import json
from pathlib import Path

import pytest

from tests.e2e.survivors import living
from tests.e2e.toy import kernel, make_toy, writes
from tests.edges.toy_repository import user_git
from tests.edges.waiting import wait_until
from tests.fingerprint import fingerprint


@pytest.mark.slow
def test_what_a_daemon_kept_becomes_a_clean_branch(tmp_path: Path) -> None:
    """One commit a win without the report, as it was measured just now; nothing else of the user's changes."""
    toy = make_toy(tmp_path, {"1:propose": writes(kernel(90, 180), sentence="Tile by 64.")})
    (tmp_path / "tmp").mkdir()
    toy.environ["TMPDIR"] = str(tmp_path / "tmp")
    toy.start()
    toy.wait_end()
    refs, before = user_git(toy.repository, "for-each-ref"), fingerprint(toy.repository)
    made = toy.cli("finish", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert [one["subject"] for one in told["commits"]] == ["Tile by 64"]
    assert (told["branch"], told["afresh"]["outcome"], told["afresh"]["pairs"]) == ("kernel-opt-toy", "better", 6)
    assert user_git(toy.repository, "show", "kernel-opt-toy:kernels/k.py") == kernel(90, 180)
    assert user_git(toy.repository, "diff", "--name-only", "main", "kernel-opt-toy") == "kernels/k.py\n"
    message = user_git(toy.repository, "log", "-1", "--format=%B", "kernel-opt-toy")
    assert "as judged in round 1" in message
    assert "measured afresh" in message
    new = set(user_git(toy.repository, "for-each-ref").splitlines()) - set(refs.splitlines())
    assert new == {f"{told['tip']} commit\trefs/heads/kernel-opt-toy"}
    after = fingerprint(toy.repository)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert all("kernel-opt-toy" in name for name in changed)
    wait_until(lambda: not list(living(toy.base)), "nobody lives on")
    assert list((tmp_path / "tmp").iterdir()) == []
