"""What the tests of the reading verbs share: a state root of their own, and calling a verb as `main` does."""

import argparse
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from kernel_opt.edges.places import RunPlace
from tests.views import canned


def call(verb: ModuleType, *argv: str) -> int:
    """Parse and run one verb."""
    parser = argparse.ArgumentParser(prog="kernel-opt")
    verb.add_parser(parser.add_subparsers())
    return verb.run(parser.parse_args([verb.__name__.rpartition(".")[2], *argv]))


def save(root: Path, run: canned.Canned, tag: str = "apr16") -> RunPlace:
    """Put a run below the state root that KERNEL_OPT_STATE names."""
    assert os.environ["KERNEL_OPT_STATE"] == str(root)
    return canned.save(run, root, tag)


@contextmanager
def daemon(place: RunPlace, pid: int = 4711) -> Iterator[None]:
    """Hold the run's lock as its daemon would."""
    with Path(place.lock).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": pid, "boot": "b"}))
        lock.flush()
        yield
