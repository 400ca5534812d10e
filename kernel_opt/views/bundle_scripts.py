"""Small scripts that rebuild, rerun and collect one round by hand, with git and the benchmark alone."""

from collections.abc import Sequence
from shlex import join, quote

from kernel_opt.model.settings import BenchmarkSettings

_HEAD = """#!/usr/bin/env bash
# {what}
set -euo pipefail
here=$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)
"""

_REBUILD = """
as_recorded={repository}
repository=${{1:-$as_recorded}}
best={best}
candidate={candidate}

write_tree() {{  # an index of our own: the repository's is not touched
    rm -rf -- "$2" && mkdir -- "$2"
    GIT_INDEX_FILE="$here/.index" git -C "$repository" read-tree "$1"
    GIT_INDEX_FILE="$here/.index" git -C "$repository" --work-tree="$2" checkout-index --all --force
    rm -f -- "$here/.index"
}}

write_tree "$best" "$here/tree-best"
if git -C "$repository" cat-file -e "$candidate^{{commit}}" 2>/dev/null; then
    write_tree "$candidate" "$here/tree-candidate"
else  # the run was cleaned away: the change itself is still here
    write_tree "$best" "$here/tree-candidate"
    (cd "$here/tree-candidate" && GIT_CEILING_DIRECTORIES="$here" git apply --whitespace=nowarn "$here/diff.patch")
fi
echo "tree-best and tree-candidate are in $here"
"""

_ARM = """
arm=${1:-candidate}
case $arm in best | candidate) ;; *) echo "say best or candidate, not $arm" >&2; exit 2 ;; esac
tree=$here/tree-$arm
if [ ! -d "$tree" ]; then echo "$tree is missing: run ./rebuild.sh first" >&2; exit 1; fi
"""

_RERUN = """
# A compiled kernel in a shared cache could run in place of this tree's own.
cache=$here/cache-$arm
mkdir -p -- "$cache"
export PYTHONNOUSERSITE=1 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
{variables}
touch -- "$here/.started-$arm"
cd -- "$tree"
{command} 2>&1 | tee -- "$here/rerun-$arm.log"
"""

_COLLECT = """
into=$here/collected-$arm
mkdir -p -- "$into"
cp -- "$here/rerun-$arm.log" "$into/"
shopt -s nullglob globstar
cd -- "$tree"
for table in {glob}; do
    if [ "$table" -nt "$here/.started-$arm" ]; then cp -- "$table" "$into/"; fi
done
ls -l -- "$into"
"""


def rebuild_script(repository: str, *, best: str, candidate: str) -> str:
    """Return a script that writes both trees without touching the repository's index or worktrees."""
    head = _HEAD.format(what="Writes the files of best and candidate beside this script. Argument: the repository.")
    return head + _REBUILD.format(repository=quote(repository), best=quote(best), candidate=quote(candidate))


def rerun_script(benchmark: BenchmarkSettings, caches: Sequence[str]) -> str:
    """Return a script that runs the fixed benchmark in one of the trees."""
    lines = [f'export {name}="$cache/{name}"' for name in caches]
    lines += [f"export {name}={quote(value)}" for name, value in sorted(benchmark.environment.items())]
    head = _HEAD.format(what="Runs the benchmark in one of the two trees. Argument: best or candidate.")
    return head + _ARM + _RERUN.format(variables="\n".join(lines), command=join(benchmark.command))


def collect_script(benchmark: BenchmarkSettings) -> str:
    """Return a script that gathers what the last rerun wrote."""
    head = _HEAD.format(what="Gathers the log and the tables of the last rerun. Argument: best or candidate.")
    return head + _ARM + _COLLECT.format(glob=_quote_glob(benchmark.csv))


def _quote_glob(pattern: str) -> str:
    """Quote everything in a glob that the shell would take for more than a glob."""
    return "".join(char if char.isalnum() or char in "*?[]!_./-" else f"\\{char}" for char in pattern)
