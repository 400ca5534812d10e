"""Does the trace help the playbook to choose? The study of docs/study.md: ``python -m bench.study``.

Both arms have the ideas of the shipped example: one takes them in the order that the trace speaks for, the other in an
order of chance. It lies in out/study, and the same command goes on where it ended; exit code as of `kernel-opt study`.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "out" / "study"
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost")
STUDY = """\
name = "evidence"
repository = "paged-attention"
seeds = {seeds}
rounds = {rounds}

[settings]
agent.name = "playbook"
stop.regressions_in_a_row = 0
# Re-checks of a would-be keep cost five times the rest of its round here, and the ideas are known to be honest.
[settings.integrity]
heldout = []
alone = []
poison = []
verify = []
blind = []
verify_blind = []
audit = false
large_total = 1000.0
large_class = 1000.0

[settings.round]
noise_runs = 3

[settings.judge]
preset = "protocol-strict"

# One small problem, so that a run takes less than half a second.
[settings.benchmark]
command = [{command}]

# Only CPU time of the thread that computes counts here: a machine that others use is no reason to wait.
[settings.gate]
interval_s = 5.0
looks = 100
readings = 2
gap_s = 0.1
use_pct = 100.0

[settings.platform.options]
window_s = 0.2
user_pct = 200.0

[[arms]]
name = "trace"

[[arms]]
name = "blind"
settings.brief.evidence = false
"""
COMMAND = (
    "python", "tests/kernels/test_pa.py", "--block_size", "64", "--mtp", "1", "--head_size", "64",
    "--num_heads", "8x1", "--batch_size", "4", "--context_length", "1024",
)  # fmt: skip


def make_repository(folder: Path) -> None:
    """A copy of the example with a history, unless it is there."""
    if (folder / ".git").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    ours = shutil.ignore_patterns("__pycache__", "*.csv")
    shutil.copytree(ROOT / "examples" / "paged-attention", folder, ignore=ours)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=The example"]):
        subprocess.run([*GIT, *words], cwd=folder, check=True)


def main() -> int:
    """Carry the study out, or what is missing of it."""
    parser = argparse.ArgumentParser(description="Does the trace help the playbook to choose?")
    parser.add_argument("--seeds", type=int, default=6, help="pairs of tracks; fewer than six show nothing")
    parser.add_argument("--rounds", type=int, default=3, help="ideas that each track may try")
    args = parser.parse_args()
    HERE.mkdir(parents=True, exist_ok=True)
    make_repository(HERE / "paged-attention")
    command = ", ".join(f'"{word}"' for word in COMMAND)
    file = HERE / "evidence.toml"
    file.write_text(STUDY.format(seeds=args.seeds, rounds=args.rounds, command=command))
    print(f"1 minute load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    words = ["study", str(file), "--picture", str(HERE / "evidence.svg")]
    environ = {**os.environ, "KERNEL_OPT_STATE": str(HERE / "state")}
    return subprocess.run([sys.executable, "-m", "kernel_opt.cli.main", *words], env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
