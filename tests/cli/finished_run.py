"""A run that is over, without its hours: a journal as a daemon leaves it, about commits that are really there."""

from pathlib import Path

from msgspec.structs import replace

from kernel_opt.daemon.plan import Plan, write_plan
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.settings_file import plain_settings, read_settings
from kernel_opt.journal.book import Record
from kernel_opt.journal.codec import entries, to_record
from tests.e2e.toy import Toy
from tests.edges.toy_repository import user_git
from tests.views.canned import Canned, save

TAG = "apr16"


def make_finished(toy: Toy, kernels: list[str]) -> RunPlace:
    """A run of the toy repository that kept these kernels, one after the other, each with a report beside it."""
    root, run, shas = toy.repository, Canned(repository=str(toy.repository)).baseline(), dict[str, str]()
    shas[run.base] = user_git(root, "rev-parse", "HEAD").strip()
    user_git(root, "stash", "--quiet")
    user_git(root, "checkout", "--quiet", "--detach")
    for number, text in enumerate(kernels, 1):
        (root / "kernels/k.py").write_text(text)
        (root / "performance.md").write_text(f"report {number}\n")
        user_git(root, "add", "--all")
        user_git(root, "commit", "--quiet", f"--message=round {number}")
        run.keep(sentence=f"Win {number}.")
        shas[run.commit("ee")] = user_git(root, "rev-parse", "HEAD").strip()
        user_git(root, "update-ref", f"refs/kernel-opt/{TAG}/round-{number}", "HEAD")
    user_git(root, "checkout", "--quiet", "main")
    user_git(root, "stash", "pop", "--quiet")
    run.entries = list(entries(_with_shas(to_record(entry), shas) for entry in run.entries))
    place = save(run, toy.base / "state", TAG)
    _plan(place, toy, shas[run.base])
    return place


def _with_shas(record: Record, shas: dict[str, str]) -> Record:
    body = record.body
    for told, real in shas.items():
        body = body.replace(told.encode(), real.encode())
    return replace(record, body=body)


def _plan(place: RunPlace, toy: Toy, base: str) -> None:
    write_plan(
        place,
        Plan(
            tag=TAG,
            repository=str(toy.repository),
            worktree=str(toy.worktree),
            base=base,
            settings=plain_settings(read_settings(toy.config)),
            settings_source=str(toy.config),
            environment={"PATH": toy.environ["PATH"]},
        ),
    )
    assert Path(place.directory).is_dir()
