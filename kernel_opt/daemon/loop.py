"""One life of the daemon: take the lock, heal what a crash left, carry the run on, put everything away."""

import os
from collections.abc import Iterator
from pathlib import Path

from kernel_opt import __version__
from kernel_opt.daemon.book import PatientBook
from kernel_opt.daemon.derived import Derived
from kernel_opt.daemon.lock import RunLock
from kernel_opt.daemon.plan import Plan
from kernel_opt.daemon.resume import end_old_sessions
from kernel_opt.daemon.signals import SignalWishes
from kernel_opt.edges.agents.choose import choose_proposer
from kernel_opt.edges.clock import Clock, read_boot_id
from kernel_opt.edges.containment import probe_containment
from kernel_opt.edges.executor import LocalExecutor
from kernel_opt.edges.git_refs import remove_stale_locks
from kernel_opt.edges.log import Log
from kernel_opt.edges.machine import describe_machine
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import settings_from
from kernel_opt.edges.worktree import RunTree, create_run_tree
from kernel_opt.journal.ballast import restore_ballast
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import Store
from kernel_opt.model.errors import UsageError
from kernel_opt.model.facts import DaemonStarted, Entry, Fact, Paused, RunStarted, StopAsked, Unpaused
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState
from kernel_opt.round.flow import Scribe, carry_on
from kernel_opt.round.perform import Hands
from kernel_opt.round.tools import Tools
from kernel_opt.views.snapshot import snapshot


class Life:
    """A daemon from its lock to its end."""

    def __init__(self, place: RunPlace, plan: Plan, clock: Clock, log: Log) -> None:
        self._place, self._plan, self._clock, self._log = place, plan, clock, log
        self._folder = Path(place.directory)
        self._settings = settings_from(plan.settings, plan.settings_source)
        self._lock = RunLock(Path(place.lock), plan.tag)
        self._wishes = SignalWishes(Path(place.wishes), clock)
        self._boot_id = read_boot_id()

    def begin(self) -> tuple[Scribe, Tools]:
        """Set up or heal everything; after this the run stands and only has to be carried on."""
        self._wishes.listen()
        restore_ballast(self._folder)
        repository = Repository.find(Path(self._plan.repository))
        remove_stale_locks(repository, self._plan.tag)
        executor = LocalExecutor()
        end_old_sessions(executor, self._folder, self._log)
        store = open_store(self._folder)
        book = PatientBook(store, self._folder, self._clock, self._log)
        is_new = next(iter(book.records()), None) is None
        tree = self._make_tree(repository, is_new=is_new)
        derived = Derived(self._place, self._settings, repository, self._log, lambda: entries(book.records()))
        scribe = Scribe(book, self._stamp, lambda state: snapshot(state, self._settings), derived.tell)
        if is_new:
            scribe.write(self._run_started(tree))
        scribe.write(self._daemon_started(scribe.state))
        derived.refresh_all()
        return scribe, self._tools(repository, tree, executor, book)

    def carry_on(self, scribe: Scribe, tools: Tools) -> str:
        """Carry the run on to its end."""
        reason = carry_on(scribe, Hands(tools, self._log), self._settings, self._interruption)
        self._wishes.forget()
        self._log.info("stopped", reason=reason)
        return reason

    def end(self) -> None:
        """Let another daemon have the run."""
        self._lock.release()

    def _make_tree(self, repository: Repository, *, is_new: bool) -> RunTree:
        """Make or heal branch and worktree; the mark goes first: after a crash in between they count as ours."""
        mark = self._folder / "tree-made"
        is_ours = not is_new or mark.exists()
        mark.touch()
        try:
            return create_run_tree(repository, self._plan.tag, self._plan.base, resuming=is_ours)
        except UsageError:
            if not is_ours:
                mark.unlink()  # refused: what is there is somebody else's
            raise

    def _stamp(self) -> tuple[float, float, str]:
        return self._clock.utc().timestamp(), self._clock.boot_s(), self._boot_id

    def _run_started(self, tree: RunTree) -> RunStarted:
        plan = self._plan
        return RunStarted(
            tag=plan.tag,
            base=plan.base,
            repository=plan.repository,
            worktree=str(tree.path),
            branch=tree.branch.removeprefix("refs/heads/"),
            settings=plan.settings,
            settings_source=plan.settings_source,
            version=__version__,
            environment=describe_machine(plan.environment),
        )

    def _daemon_started(self, state: RunState) -> DaemonStarted:
        """A start that only heals a crash changes no counter and no limit."""
        wished = self._plan.wished or not state.started_s
        if wished:
            self._wishes.forget()
        return DaemonStarted(
            pid=os.getpid(),
            wished=wished,
            max_rounds=self._plan.max_rounds,
            max_hours=self._plan.max_hours,
            containment=probe_containment().name,
            pause=self._wishes.pause(),
        )

    def _interruption(self, state: RunState) -> Fact | None:
        by = self._wishes.stop()
        if by is not None and not state.stop_asked and state.stop is None:
            return StopAsked(by=by)
        if self._wishes.pause() and not state.paused and state.stop is None:
            return Paused()
        if state.paused and not self._wishes.pause():
            return Unpaused()
        return None

    def _tools(self, repository: Repository, tree: RunTree, executor: LocalExecutor, book: PatientBook) -> Tools:
        settings: Settings = self._settings

        def history() -> Iterator[Entry]:
            return entries(book.records())

        return Tools(
            settings=settings,
            place=self._place,
            repository=repository,
            tree=tree,
            executor=executor,
            platform=open_kit(settings.platform),
            proposer=choose_proposer(settings, Path(self._plan.repository)),
            environment=self._plan.environment,
            wishes=self._wishes,
            clock=self._clock,
            history=history,
        )


def open_store(folder: Path) -> Store:
    """Open the run's journal, made if this is its first day."""
    has_one = any((folder / name).exists() for name in ("journal.db", "journal.jsonl"))
    return Store.open(folder) if has_one else Store.create(folder)
