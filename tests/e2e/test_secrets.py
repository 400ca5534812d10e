"""A run whose kernel and whose proposer look for keys and say all they find: nothing of it is kept anywhere."""

import json
import os
import sys
from pathlib import Path

from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.facts import DaemonStarted, Measured
from kernel_opt.model.sandbox import SandboxLevel
from tests.e2e.toy import kernel, make_toy, writes

SEEKS = """\
import glob, os
def seek(home):
    print("variables", sorted(os.environ.items()))
    places = [".ssh/id_rsa", ".netrc", ".aws/credentials", ".config/gh/hosts.yml"]
    places = [os.path.join(home, name) for name in places]
    for name in (*places, *glob.glob(home + "/*"), "/proc/1/environ", "/proc/%d/environ" % os.getppid()):
        try:
            print(name, open(name, errors="replace").read()[:500])
        except OSError as error:
            print(name, type(error).__name__)
"""
KEYS = {"FAKE_API_KEY": "key-in-the-environment-1", "AWS_SECRET_ACCESS_KEY": "key-in-the-environment-2"}
FILES = {".ssh/id_rsa": "key-in-a-file-1", ".netrc": "key-in-a-file-2", ".aws/credentials": "key-in-a-file-3"}
AGENT = """\
import json, os, runpy, sys
said = {"hypothesis": "with " + os.environ["FAKE_API_KEY"], "why": "x", "bottlenecks": ["none"]}
exec(open(sys.argv[1]).read())
seek(sys.argv[2])
open("kernels/k.py", "w").write(open(sys.argv[3]).read())
open(os.environ["KERNEL_OPT_PROPOSAL"], "w").write(json.dumps(said))
"""


def test_keys_are_kept_nowhere(tmp_path: Path) -> None:
    """Keys of the environment and of files in the home, one of them passed to the proposer: no file written has one."""
    home = tmp_path / "home"
    for name, key in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(key)
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "agent.py").write_text(AGENT)
    (parts / "seek.py").write_text(SEEKS)
    (parts / "kernel.py").write_text(f"{SEEKS}\nseek({str(home)!r})\n{kernel(90, 180)}")
    toy = make_toy(tmp_path / "toy", {"1:propose": writes("")})
    argv = [sys.executable, "-S", *(str(parts / name) for name in ("agent.py", "seek.py")), str(home)]
    argv.append(str(parts / "kernel.py"))
    lines = toy.config.read_text().splitlines()
    place = lines.index("[agent]") + 1
    lines[place] = f"command = {json.dumps(argv)}"
    lines.insert(place, 'pass_environment = ["FAKE_API_KEY"]')
    toy.config.write_text("\n".join(lines))
    toy.environ.update(KEYS | {"HOME": str(home)})
    toy.start()
    toy.wait_end()
    assert toy.facts(Measured), "the kernel was measured"
    is_holding = SandboxLevel(toy.facts(DaemonStarted)[0].sandbox) is not SandboxLevel.S1
    assert is_holding == (probe_sandbox().level is not SandboxLevel.S1)
    # Without walls a program may read what its user may: then the environment is all that is kept from it.
    kept = [*KEYS.values(), *(FILES.values() if is_holding else ())]
    found = [f"{path}: {key}" for path in written(toy.base) for key in kept if key.encode() in path.read_bytes()]
    assert not found
    logs = list(toy.folder.glob("rounds/0001/propose-*/agent.log"))
    assert b"[secret]" in logs[0].read_bytes()


def written(base: Path) -> list[Path]:
    """Every file below the run's places, the user's own checkout with its repository included."""
    return [path for path in base.rglob("*") if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK)]
