"""The program that reads a trace folder: started for one folder, with a limit on its memory, gone afterwards."""

import argparse
import resource
import sys
from pathlib import Path

import msgspec

from kernel_opt.edges.tracers.folder import read_folder
from kernel_opt.model.errors import ReadFailedError


def main(argv: list[str] | None = None) -> int:
    """Read a folder and print one JSON document: the recording, or why there is none."""
    parser = argparse.ArgumentParser(prog="kernel_opt.edges.tracers.read")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--since-s", type=float, default=0.0)
    parser.add_argument("--kernel", action="append", default=[])
    parser.add_argument("--memory-mib", type=int, default=0)
    args = parser.parse_args(argv)
    if args.memory_mib:
        resource.setrlimit(resource.RLIMIT_AS, (args.memory_mib << 20, args.memory_mib << 20))
    try:
        recording = read_folder(args.folder, since_s=args.since_s, kernels=frozenset(args.kernel))
        answer: dict[str, object] = {"recording": recording}
    except ReadFailedError as error:
        answer = {"refused": error.message, "mend": error.mend}
    except MemoryError:
        answer = {"refused": f"{args.folder}: reading it takes more than {args.memory_mib} MiB"}
    except OSError as error:
        answer = {"refused": f"{args.folder}: {error.strerror} ({error.filename})"}
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0
