"""The map of the code shows what may be edited, the interesting files first."""

from pathlib import Path

from msgspec.structs import replace

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import EditSettings
from kernel_opt.model.state import Best, Trial
from kernel_opt.round.survey import MOST_FILES, read_hot_lines, survey
from tests.edges.toy_repository import user_git
from tests.fakes import bench_run, settings, trace
from tests.round.toolbox import Box, make_box, write


def repository_with(tmp_path: Path, files: dict[str, str]) -> Box:
    """A run whose base has these files."""
    box = make_box(tmp_path, settings(edit=EditSettings(allowed=("kernels/**",), protected=("kernels/gen/**",))))
    for name, text in files.items():
        write(name, text)(box.tools.repository.root)
    user_git(box.tools.repository.root, "add", "--all")
    user_git(box.tools.repository.root, "commit", "--quiet", "--message=more")
    box.base = box.tools.repository.head_commit()
    return box


def test_what_may_be_edited_by_interest(tmp_path: Path) -> None:
    """Hot lines, then what was edited before, then size; neither protected files nor data."""
    box = repository_with(
        tmp_path,
        {
            "kernels/big.py": "x = 1\n" * 99, "kernels/hot.py": "def decode():\n    pass\n",
            "kernels/tried.py": "y = 2\n", "kernels/gen/a.py": "z", "kernels/data.bin": "\0" * 9999, "other/o.py": "o",
        },
    )  # fmt: skip
    spot = replace(trace().hotspots[0], source="/build/x/kernels/hot.py:2")
    best = Best(box.base, box.base, bench_run(box.base), 0, replace(trace(), hotspots=(spot,)))
    past = Trial("x", Ending.TIE, files=("kernels/tried.py",))
    found = survey(box.state(best=best, trial_blocks=((past,),)), box.tools)
    assert [one.path for one in found][:3] == ["kernels/hot.py", "kernels/tried.py", "kernels/big.py"]
    assert found[0].names == (("decode", 1),)
    assert not {"kernels/gen/a.py", "kernels/data.bin", "other/o.py"} & {one.path for one in found}


def test_what_stands_at_the_hot_places(tmp_path: Path) -> None:
    """By the names of the places: of files that may be edited and lines that are there, and of no other."""
    box = repository_with(tmp_path, {"kernels/hot.py": "def decode():\n    pass\n", "hot.py": "no\n"})
    names = (
        "/b/kernels/hot.py:2",
        "kernels/hot.py:9",
        "kernels/hot.py",
        "other/hot.py:1",
        "hot.py:1",
        "",
        "kernels/hot.py:1",
    )
    spots = tuple(replace(trace().hotspots[0], source=name) for name in names)
    best = Best(box.base, box.base, bench_run(box.base), 0, replace(trace(), hotspots=spots))
    assert read_hot_lines(box.state(best=best), box.tools) == (
        ("/b/kernels/hot.py:2", "pass"),
        ("kernels/hot.py:1", "def decode():"),
    )
    assert read_hot_lines(box.state(), box.tools) == ()


def test_without_a_trace_there_is_a_map_all_the_same(tmp_path: Path) -> None:
    """Never of more files than can be read."""
    box = repository_with(tmp_path, {f"kernels/k{number}.py": "a = 1\n" for number in range(30)})
    assert len(survey(box.state(), box.tools)) == MOST_FILES
