from pathlib import Path

import pytest

from kernel_opt.cli import report
from kernel_opt.model.errors import KernelOptError
from kernel_opt.views.performance import render_documents, render_performance
from kernel_opt.views.tsv import render_tsv
from tests.cli.seeing import call, save
from tests.views import canned


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path))
    monkeypatch.chdir("/")
    return tmp_path


def test_the_report_is_rendered_from_the_journal(root, capfdbinary):
    """What comes out is what the daemon would commit, as UTF-8 in any locale."""
    save(root, canned.stopped())
    assert call(report) == 0
    assert capfdbinary.readouterr().out == render_performance(canned.stopped().entries).encode()


def test_results_into_a_file(root, tmp_path):
    """The file appears whole; nothing else is left beside it."""
    save(root, canned.running())
    target = tmp_path / "out" / "results.tsv"
    target.parent.mkdir()
    assert call(report, "--results", "--output", str(target)) == 0
    assert target.read_text() == render_tsv(canned.running().entries)
    assert [path.name for path in target.parent.iterdir()] == ["results.tsv"]


def test_the_picture_is_rendered_too(root, tmp_path):
    """The same bytes as beside the report on the branch."""
    save(root, canned.running())
    target = tmp_path / "progress.svg"
    assert call(report, "--picture", "--output", str(target)) == 0
    assert target.read_bytes() == render_documents(canned.running().entries)["performance.svg"]


def test_a_place_that_cannot_be_written_is_told(root, tmp_path):
    """One sentence with the file's name, and no half-written file."""
    save(root, canned.running())
    with pytest.raises(KernelOptError, match=r"missing/x\.md cannot be written"):
        call(report, "--output", str(tmp_path / "missing" / "x.md"))


def test_a_page_that_is_complete_in_itself(root, tmp_path, capsys):
    """One file with the diffs of the rounds' folders, named after the run unless a name is given."""
    place = save(root, canned.running())
    folder = Path(place.round_folder(1))
    folder.mkdir(parents=True)
    (folder / "diff.patch").write_bytes(b"+++ b/k.py\n+x = '<\xff>'\n")
    target = tmp_path / "night.html"
    assert call(report, "--html", str(target)) == 0
    page = target.read_text()
    assert page.startswith("<!doctype html>")
    assert "+x = &#39;&lt;\ufffd&gt;&#39;" in page
    assert "no daemon is at work" in page
    assert capsys.readouterr().out == f"{target}: 0.0 MB, complete in itself; open it in a browser\n"


def test_the_page_is_named_after_the_run(root, tmp_path, monkeypatch):
    """In the directory one stands in."""
    save(root, canned.stopped())
    monkeypatch.chdir(tmp_path)
    assert call(report, "--html") == 0
    assert (tmp_path / "apr16.html").exists()
