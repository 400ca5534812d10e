import pytest

from kernel_opt.cli import report
from kernel_opt.model.errors import KernelOptError
from kernel_opt.views.performance import render_performance
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


def test_a_place_that_cannot_be_written_is_told(root, tmp_path):
    """One sentence with the file's name, and no half-written file."""
    save(root, canned.running())
    with pytest.raises(KernelOptError, match=r"missing/x\.md cannot be written"):
        call(report, "--output", str(tmp_path / "missing" / "x.md"))
