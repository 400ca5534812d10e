"""What there is to compile with: packages of an interpreter, and programs on PATH."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ASK_LIMIT_S = 30.0
"""Seconds for an interpreter to tell what is installed: nothing is imported."""
_ASK = """\
import importlib.metadata as metadata, importlib.util as util, json, os
found = {}
for name in ("torch", "flydsl", "triton", "ziglang"):
    spec = util.find_spec(name)
    if spec and spec.origin:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = ""
        found[name] = [os.path.dirname(spec.origin), version]
print(json.dumps(found))
"""
_NUMBERED = re.compile(r"-(\d+)$")


@dataclass(frozen=True, slots=True)
class Packages:
    """What an interpreter can import: folder and version by name."""

    python: str
    found: Mapping[str, tuple[str, str]]

    def folder(self, name: str) -> Path | None:
        """Return where a package lies."""
        return Path(self.found[name][0]) if name in self.found else None

    def version(self, name: str) -> str:
        """Return a package's version; empty when it is not there or does not say."""
        return self.found[name][1] if name in self.found else ""


def find_packages(python: str, environ: Mapping[str, str]) -> Packages:
    """Ask an interpreter what it can import of what compiling needs."""
    path = shutil.which(python, path=environ.get("PATH", os.defpath))
    return Packages(python, {}) if path is None else Packages(path, _ask(path, tuple(sorted(environ.items()))))


@functools.lru_cache(maxsize=8)
def _ask(path: str, environ: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[str, str]]:
    try:
        done = subprocess.run(
            [path, "-c", _ASK], capture_output=True, timeout=_ASK_LIMIT_S, env=dict(environ), cwd="/", check=False
        )
        plain = json.loads(done.stdout)
        return {str(name): (str(told[0]), str(told[1])) for name, told in plain.items()}
    except (OSError, ValueError, TypeError, AttributeError, IndexError, KeyError, subprocess.TimeoutExpired):
        return {}


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return a program, also one that carries a version in its name, as Debian's compilers do; the newest of them."""
    path = environ.get("PATH", os.defpath)
    plain = shutil.which(name, path=path)
    if plain is not None:
        return plain
    numbered: list[tuple[int, str]] = []
    for folder in filter(os.path.isdir, path.split(os.pathsep)):
        for found in Path(folder).glob(f"{name}-*"):
            match = _NUMBERED.search(found.name)
            if match and found.name == name + match[0] and os.access(found, os.X_OK):
                numbered.append((int(match[1]), str(found)))
    return max(numbered)[1] if numbered else None


def choose_python(program: str) -> str:
    """Return the interpreter of the benchmark: what it compiles with lies there; else our own."""
    return program if Path(program).name.startswith("python") else sys.executable
