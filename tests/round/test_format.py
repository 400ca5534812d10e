"""Without a command of the settings, a candidate is formatted as its repository is; never anything else."""

import os
import sysconfig
from dataclasses import replace as replaced
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.process import StopWish
from kernel_opt.model.compile_settings import BuildSettings, CompileSettings
from kernel_opt.model.compiled import CompileOutcome
from kernel_opt.model.facts import Fact, StopAsked
from kernel_opt.model.hypothesis import Candidate
from kernel_opt.model.round_facts import Checked, FormatFailed, Formatted
from kernel_opt.model.settings import FormatSettings
from kernel_opt.model.stages import Tries, Weighed
from kernel_opt.model.steps import Format
from kernel_opt.round.check import check
from kernel_opt.round.format import format_candidate
from tests.edges.toy_repository import user_git
from tests.fakes import bench_run, hypothesis, settings, verdict
from tests.round.test_compile import BUILD
from tests.round.toolbox import PYTHON, Box, make_box, write

UGLY = write("kernels/pa.py", "TILE=64\n")
BESIDE_US = os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"]))
"""Where the ruff of this project's own development is."""
SCRIPT = 'sed -i "s/TILE=/TILE = /" "$@"; echo junk > stray\n'


def formatted(
    tmp_path: Path,
    files: dict[str, str],
    act=UGLY,
    *,
    detect: bool = True,
    wish: StopWish | None = None,
    path: str = PYTHON["PATH"],
    builds: tuple[BuildSettings, ...] = (),
) -> tuple[Box, Candidate, Fact]:
    """A candidate of a repository with these files besides, and what formatting it answered."""
    box = make_box(tmp_path, settings(format=FormatSettings(detect=detect), compile=CompileSettings(builds=builds)))
    root = box.tools.repository.root
    for name, text in files.items():
        write(name, text)(root)
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--allow-empty", "--message=style")
    box.base = box.tools.repository.head_commit()
    user_git(root, "update-ref", "refs/heads/kernel-opt/t1", box.base)
    fact = check(box.draft(act), box.tools)
    assert isinstance(fact, Checked), fact
    one = fact.candidate
    stage = Weighed(hypothesis(), one, bench_run(one.commit), verdict(), None, Tries())
    box.wishes.at_once = wish
    state = replace(box.state(stage=stage), stage_s=1002.0)
    environment = {**box.tools.environment, "PATH": path}
    return box, one, format_candidate(Format(candidate=one), state, replaced(box.tools, environment=environment))


def text_of(box: Box, fact: Fact, name: str = "kernels/pa.py") -> bytes | None:
    assert isinstance(fact, Formatted), fact
    return box.tools.repository.read_at(fact.candidate.commit, name)


def test_the_projects_script_is_found(tmp_path: Path) -> None:
    """It gets the candidate's files, and nothing else that it does is taken."""
    box, one, fact = formatted(tmp_path, {"scripts/format.sh": SCRIPT})
    assert text_of(box, fact) == b"TILE = 64\n"
    assert text_of(box, fact, "stray") is None
    assert text_of(box, fact, "kernels/größe & co.py") == b"x = 1\n"
    assert fact != Formatted(candidate=one, changed=False)


def test_files_that_are_not_kept_that_way_are_left_alone(tmp_path: Path) -> None:
    """A formatter that would also change best's version would bury the edit in changes of its own."""
    script = {"format.sh": 'for file; do sed -i "s/ = /=/" "$file"; done\n'}

    def act(tree: Path) -> None:
        write("kernels/pa.py", "TILE = 64\n")(tree)
        write("kernels/new.py", "A = 1\n")(tree)

    box, _, fact = formatted(tmp_path, script, act)
    assert text_of(box, fact) == b"TILE = 64\n"
    assert text_of(box, fact, "kernels/new.py") == b"A=1\n"


def test_what_was_formatted_is_compiled_again(tmp_path: Path) -> None:
    """And found the same, as it should be."""
    _, _, fact = formatted(tmp_path, {"scripts/format.sh": SCRIPT}, builds=(BUILD,))
    assert isinstance(fact, Formatted)
    assert fact.compiled is not None
    assert fact.compiled.outcome is CompileOutcome.UNUSED


@pytest.mark.parametrize(
    ("spoilt", "why"), [("REFUSED = 1", "does not compile: b16"), ("LDS = 70000", "cannot be launched: b16")]
)
def test_a_formatter_that_spoils_the_code_costs_no_win(tmp_path: Path, spoilt: str, why: str) -> None:
    """What was measured goes on as it is."""
    script = {"format.sh": f'grep -q "TILE=" "$1" && echo "{spoilt}" >> "$1"; true\n'}
    box, one, fact = formatted(tmp_path, script, builds=(BUILD,))
    assert isinstance(fact, FormatFailed)
    assert why in fact.why
    assert box.tools.repository.read_at(one.commit, "kernels/pa.py") == b"TILE=64\n"


@pytest.mark.parametrize(("files", "detect"), [({}, True), ({"format.sh": "exit 1\n"}, False)])
def test_where_nothing_is_set_up_nothing_is_formatted(tmp_path: Path, files: dict[str, str], detect: bool) -> None:
    """Or where it is not wished for."""
    _, one, fact = formatted(tmp_path, files, detect=detect)
    assert fact == Formatted(candidate=one, changed=False)


def test_no_candidate_chooses_its_formatter(tmp_path: Path) -> None:
    """What counts is the repository as the run found it."""

    def act(tree: Path) -> None:
        UGLY(tree)
        write("kernels/.clang-format", "BasedOnStyle: LLVM\n")(tree)

    _, one, fact = formatted(tmp_path, {}, act)
    assert fact == Formatted(candidate=one, changed=False)


def test_a_formatter_that_fails_is_told(tmp_path: Path) -> None:
    """On best already; the candidate goes on as it is."""
    _, _, fact = formatted(tmp_path, {"format.sh": "exit 3\n"})
    assert isinstance(fact, FormatFailed)
    assert "bash ended with exit code 3" in fact.why


def test_a_stop_while_best_is_looked_at(tmp_path: Path) -> None:
    """Ends it at once."""
    _, _, fact = formatted(tmp_path, {"format.sh": "sleep 60\n"}, wish=StopWish("you"))
    assert fact == StopAsked(by="you")


def test_ruff_by_the_projects_settings(tmp_path: Path) -> None:
    """The one that the project configures."""
    box, _, fact = formatted(tmp_path, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, path=BESIDE_US)
    assert text_of(box, fact) == b"TILE = 64\n"
