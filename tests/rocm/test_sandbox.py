"""In the firmest sandbox a child finds one card, whatever the host has, and it is the leased one."""

from pathlib import Path

import pytest

from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.facts import Benched, DaemonStarted
from kernel_opt.model.round_facts import BaselineKept, Kept
from kernel_opt.model.sandbox import SandboxLevel
from tests.e2e.proof import prove_quiet
from tests.rocm.scenes import FASTER, Host, busy, gpu, make_scene, page

SEES = """\
import os
host = os.environ["SCRIPTED_HOST"]
with open(host + ".seen", "a") as seen:
    tree = os.path.join(os.path.dirname(host), "tree", "dev")
    print(os.environ["HIP_VISIBLE_DEVICES"], *os.listdir(tree + "/dri"), file=seen)
"""


@pytest.mark.slow
@pytest.mark.skipif(not probe_sandbox().level.holds(SandboxLevel.S3), reason="install bubblewrap to see this")
def test_only_the_leased_card_is_there(tmp_path: Path) -> None:
    """The second of two cards is shown alone, counts as the first, and is the one that the trace names."""
    host = Host(tmp_path / "host", [gpu(0), gpu(1)], {"moments": [{"cards": busy([0])}]})
    scene = make_scene(tmp_path / "run", {"1:propose": page(FASTER)}, host, kernel=SEES, sandbox="S3")
    scene.play()
    assert scene.facts(DaemonStarted)[0].sandbox == "S3"
    assert set(Path(f"{host.path}.seen").read_text().splitlines()) == {"0 renderD129"}
    assert {fact.run.card for fact in scene.facts(Benched)} == {"pci-0000:15:00-p0"}
    assert len(scene.facts(BaselineKept)) == len(scene.facts(Kept)) == 1
    prove_quiet(scene)
