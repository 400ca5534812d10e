"""Every benchmark but the judge's in turn: ``python -m bench [NAME ...]``; exit code 1 when a bar is missed."""

import os
import subprocess
import sys

BENCHES = {
    "status": "a status call for short and long runs",
    "daemon": "a status call, the daemon's own time per round, its memory while it waits",
    "lanes_played": "rounds per hour with several lanes and what speculation costs, in virtual time",
    "integrity": "what the sandbox and the looks at protected files add to an attempt of the embedded target",
    "replay": "reading a journal of 100,000 facts back",
    "traces": "reading a large kernel trace and a large code.json, against pandas and json",
    "views": "the HTML page of 500 rounds: its size and time, interactive in a browser; memory of the idle UI server",
    "demo": "speed-up per class of the embedded target, core-seconds per decision (some minutes)",
    "search": "the search of knobs, against random search and the libraries users would reach for",
}


def main() -> int:
    """Run those that are named, or all."""
    names = sys.argv[1:] or list(BENCHES)
    strange = [name for name in names if name not in BENCHES]
    if strange:
        print(f"no benchmark is called {strange[0]}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    # As on an ordinary machine: programs start from cached bytecode, whatever this shell says.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    missed: list[str] = []
    for name in names:
        print(f"\n== {name}: {BENCHES[name]}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], env=environ, check=False).returncode != 0:
            missed.append(name)
    print(f"\nbars missed in: {', '.join(missed)}" if missed else "\nall bars held")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
