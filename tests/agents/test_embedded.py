"""A real coding agent on the embedded target: real kernels, compiled, timed and traced on this machine's CPU."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from kernel_opt.model.facts import Traced
from kernel_opt.model.round_facts import Ending, Proposed
from tests.agents.book import Page, claim
from tests.agents.model_server import serve
from tests.agents.running import CLAUDE, CODEX, KEY, Cli, aim, carry_out, endings, secrets_on_disk, told
from tests.e2e.proof import prove_quiet, prove_user
from tests.e2e.toy import ROOT, Toy
from tests.edges.toy_repository import user_git
from tests.example.repository import EXAMPLE, TILES, copy_example
from tests.fingerprint import fingerprint, objects

pytestmark = [pytest.mark.agent, pytest.mark.slow]
AGENT = '[agent]\nname = "scripted"\ntimeout_s = 120.0\n'
QUICK = "[judge]\npreset = 'protocol-strict'\n[stop]\nmax_rounds = 1\n[disk]\nmin_free_mb = 1.0\n"
CALM = "[gate]\nreadings = 2\ngap_s = 0.1\nuse_pct = 100.0\n"
FEW_RUNS = "[round]\nnoise_runs = 2\nheadline_every = 0\n"
ANY_USER = '[platform]\nname = "host"\noptions = { window_s = 0.2, user_pct = 200.0 }\n'


def make_target(base: Path, cli: Cli) -> Toy:
    """The example as a repository of somebody's, and settings for a machine that is not quiet."""
    (base / "user").mkdir(parents=True)
    root = base / "user" / "repo"
    copy_example(base).rename(root)
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--message=base")
    text = (EXAMPLE / "kernel-opt.toml").read_text()
    for name, section in (("agent", AGENT), ("gate", CALM), ("platform", ANY_USER), ("round", FEW_RUNS)):
        text = re.sub(rf"(?ms)^\[{name}\]$.*?(?=^\[)", section, text)
    (base / "toy.toml").write_text(text + QUICK)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KERNEL_OPT", "COV_", "GIT_"))}
    own = {"KERNEL_OPT_STATE": base / "state", "KERNEL_OPT_LEASE_DIR": base / "leases", "PYTHONPATH": ROOT}
    environ |= {name: str(path) for name, path in own.items()} | {cli.key_name: KEY}
    return Toy(base, environ, fingerprint(root), objects(root))


def faster_files(base: Path) -> dict[str, str]:
    """What several ideas of the playbook together change: a gain that no load of the machine can hide."""
    faster = copy_example(base / "faster", TILES)
    places = [str(EXAMPLE / "kernels"), str(faster / "kernels")]
    said = subprocess.run(["git", "diff", "--no-index", "--name-only", *places], capture_output=True, text=True).stdout
    names = {Path(line.strip()).name for line in said.splitlines() if "__pycache__" not in line}
    return {f"kernels/{name}": (faster / "kernels" / name).read_text() for name in names}


@pytest.mark.parametrize("cli", [CLAUDE, CODEX], ids=lambda cli: cli.kind)
def test_a_real_edit_is_kept(tmp_path: Path, cli: Cli) -> None:
    """The brief names the hottest place of a real trace, the claim cites it, and the faster kernel is the best."""
    toy = make_target(tmp_path / "toy", cli)
    book = {"1:propose": Page(files=faster_files(tmp_path), says=claim("larger tiles and vectors"))}
    with serve(book, str(toy.worktree)) as model:
        aim(toy, cli, model)
        carry_out(toy)
    assert endings(toy) == [Ending.KEPT], told(toy)
    (proposed,), traced = toy.facts(Proposed), [fact for fact in toy.facts(Traced) if fact.trace]
    spots = {spot.id for fact in traced for spot in fact.trace.hotspots}
    assert set(proposed.hypothesis.bottlenecks) <= spots
    assert json.loads(toy.cli("status", "--json").stdout)["runs"][0]["state"] == "stopped"
    prove_quiet(toy)
    prove_user(toy)
    assert secrets_on_disk(toy.base) == []
