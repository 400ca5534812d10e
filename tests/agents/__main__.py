"""``make agents``: install the real coding agents in a cache of ours, drive them, and say which were found and passed.

A program named in the environment ($KERNEL_OPT_CLAUDE and so on) is taken as it is. What is installed are packages of
the public registry at versions that these tests were written with; their programs are run directly, so no install
script has to run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kernel-opt" / "agents"

TOGETHER = "all in turn"


@dataclass(frozen=True)
class Package:
    """One coding agent as the registry has it."""

    kind: str
    name: str
    version: str
    program: str
    """Glob of the program below node_modules."""

    @property
    def variable(self) -> str:
        return f"KERNEL_OPT_{self.kind.upper()}"

    @property
    def folder(self) -> Path:
        return CACHE / f"{self.kind}-{self.version}"

    def find(self) -> str | None:
        """Return the program: the one named, the one installed here, or the one on PATH."""
        named = os.environ.get(self.variable)
        own = sorted(self.folder.glob(f"node_modules/{self.program}"))
        return shutil.which(named) if named else str(own[0]) if own else shutil.which(self.kind)

    def install(self) -> None:
        """Install it, unless it is there or somebody named another."""
        if os.environ.get(self.variable) or list(self.folder.glob(f"node_modules/{self.program}")):
            return
        npm = shutil.which("npm")
        if npm is None:
            print(f"{self.kind}: npm is not installed, so it cannot be; name it in ${self.variable}")
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(self.folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        ended = subprocess.run([*command, f"{self.name}@{self.version}"], capture_output=True, text=True)
        if ended.returncode:
            print(f"{self.kind}: {self.name}@{self.version} could not be installed: {ended.stderr.strip()[-300:]}")


PACKAGES = (
    Package("claude", "@anthropic-ai/claude-code", "2.1.329", "@anthropic-ai/claude-code-*/claude"),
    Package("codex", "@openai/codex", "0.169.0", "@openai/codex-*/vendor/*/bin/codex"),
    Package("gemini", "@google/gemini-cli", "0.61.0", ".bin/gemini"),
    Package("opencode", "opencode-ai", "1.18.33", "opencode-*/bin/opencode"),
)


def read_results(report: Path) -> dict[str, Counter[str]]:
    """Count what became of the tests, by the agent that stands in their names; of several agents, together."""
    found = {kind: Counter[str]() for kind in (*(package.kind for package in PACKAGES), TOGETHER)}
    for case in ET.parse(report).iter("testcase"):
        marks = {child.tag for child in case}
        end = next((tag for tag in ("failure", "error", "skipped") if tag in marks), "passed")
        named = [kind for kind in found if kind in case.get("name", "")] or [TOGETHER]
        for kind in named:
            found[kind][end] += 1
    return found


def main() -> int:
    """Install, drive, tell."""
    programs: dict[str, str | None] = {}
    for package in PACKAGES:
        package.install()
        programs[package.kind] = package.find()
    own = {package.variable: program for package in PACKAGES if (program := programs[package.kind])}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-m", "agent", "tests/agents", f"--junitxml={report}", *sys.argv[1:]]
        code = subprocess.run(command, env={**os.environ, **own}).returncode
        results = read_results(report) if report.exists() else {}
    for kind, program in programs.items():
        counts = results.get(kind, Counter())
        told = ", ".join(f"{count} {end}" for end, count in sorted(counts.items())) or "nothing run"
        print(f"{kind}: {program or 'not found'}: {told if program else 'skipped'}")
    if results.get(TOGETHER):
        print(f"{TOGETHER}: {', '.join(f'{count} {end}' for end, count in sorted(results[TOGETHER].items()))}")
    return code


if __name__ == "__main__":
    sys.exit(main())
