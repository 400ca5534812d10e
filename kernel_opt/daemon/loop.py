"""One life of the daemon: take the lock, heal what a crash left, carry the run on, put everything away."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.daemon.book import PatientBook
from kernel_opt.daemon.derived import Derived
from kernel_opt.daemon.lanes import LaneCrew, LaneEars, count_lanes
from kernel_opt.daemon.lock import RunLock
from kernel_opt.daemon.plan import Plan
from kernel_opt.daemon.resume import end_old_sessions
from kernel_opt.daemon.set_up import make_tree, open_store, run_started
from kernel_opt.daemon.signals import SignalWishes
from kernel_opt.daemon.telling import Teller
from kernel_opt.daemon.walls import raise_walls
from kernel_opt.edges.agents.choose import choose_proposer
from kernel_opt.edges.clock import Clock, read_boot_id
from kernel_opt.edges.containment import probe_containment
from kernel_opt.edges.executors.choose import make_executor
from kernel_opt.edges.git_refs import remove_stale_locks
from kernel_opt.edges.lease_wants import Wants
from kernel_opt.edges.log import Log
from kernel_opt.edges.notify import Notifier
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.edges.secrets import find_secrets
from kernel_opt.edges.settings_file import settings_from
from kernel_opt.edges.worktree import RunTree, lanes_folder, remove_lanes
from kernel_opt.journal.ballast import restore_ballast
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.facts import DaemonStarted, Entry, Fact, Paused, RunStarted, StopAsked, Unpaused
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState
from kernel_opt.round.flow import Scribe, carry_on
from kernel_opt.round.lanes import carry_on_lanes, needs_lanes
from kernel_opt.round.perform import Hands
from kernel_opt.round.tools import Tools
from kernel_opt.rules.lanes import open_rounds
from kernel_opt.views.snapshot import snapshot


class Life:
    """A daemon from its lock to its end."""

    def __init__(self, place: RunPlace, plan: Plan, clock: Clock, log: Log) -> None:
        self._place, self._plan, self._clock, self._log = place, plan, clock, log
        self._folder = Path(place.directory)
        self._settings = settings_from(plan.settings, plan.settings_source)
        self._wishes = SignalWishes(Path(place.wishes), clock)
        self._wishes.listen()  # whoever finds the lock held may send a signal
        self._lock = RunLock(Path(place.lock), plan.tag)
        if plan.wished:
            self._wishes.forget()
        self._executor = make_executor(self._settings, place, log.warning)
        self._settings = replace(self._settings, lanes=count_lanes(self._settings, self._executor, log))
        self._notifier = Notifier(self._folder / "news", self._settings.notify, log)
        self._boot_id = read_boot_id()

    def begin(self) -> tuple[Scribe, Tools]:
        """Set up or heal everything; after this the run stands and only has to be carried on."""
        restore_ballast(self._folder)
        repository = Repository.find(Path(self._plan.repository))
        remove_stale_locks(repository, self._plan.tag)
        store = open_store(self._folder)
        book = PatientBook(store, self._folder, self._clock, self._log)
        is_new = next(iter(book.records()), None) is None
        tree = make_tree(self._folder, repository, self._plan, is_new=is_new)
        derived = Derived(self._place, self._settings, repository, self._log, lambda: entries(book.records()))
        teller = Teller(derived, self._notifier)
        scribe = Scribe(book, self._stamp, lambda state: snapshot(state, self._settings), teller.tell)
        end_old_sessions(self._executor, self._folder, self._log, open_rounds(scribe.state))
        teller.catch_up(entries(book.records(max(0, scribe.seq - 1))), scribe.state)
        if is_new:
            scribe.write(run_started(self._plan, tree, self._settings))
        elif scribe.state.stop is None or not scribe.state.stop.is_done:
            self._log.warning("the daemon before did not end in order")
        scribe.write(self._daemon_started(scribe.state))
        derived.refresh_all()
        return scribe, self._tools(repository, tree, book, scribe.state)

    def carry_on(self, scribe: Scribe, tools: Tools) -> str:
        """Carry the run on to its end."""
        if needs_lanes(scribe.state, self._settings):
            reason = self._carry_on_lanes(scribe, tools)
        else:
            reason = carry_on(scribe, Hands(tools, self._log), self._settings, self._interruption)
        self._wishes.forget()
        self._log.info("stopped", reason=reason)
        return reason

    def _carry_on_lanes(self, scribe: Scribe, tools: Tools) -> str:
        crew = LaneCrew(tools, self._log, lambda: choose_proposer(self._settings, Path(self._plan.repository)))
        ears = LaneEars(self._wishes, self._clock)
        with ExitStack() as broken_off:
            broken_off.callback(self._wishes.end_all)  # else the threads that are at work would hold us up
            reason = carry_on_lanes(scribe, crew, self._settings, self._interruption, ears)
            broken_off.pop_all()
        try:
            remove_lanes(tools.tree)
        except OSError as error:
            self._log.warning("the checkouts of the lanes could not be removed", why=str(error))
        return reason

    def end(self) -> None:
        """Leave no process behind, and let another daemon have the run."""
        self._executor.close()
        self._notifier.finish()
        self._lock.release()

    def _stamp(self) -> tuple[float, float, str]:
        return self._clock.utc().timestamp(), self._clock.boot_s(), self._boot_id

    def _daemon_started(self, state: RunState) -> DaemonStarted:
        """A start that only heals a crash changes no counter and no limit."""
        wished = self._plan.wished or not state.started_s
        return DaemonStarted(
            pid=os.getpid(),
            wished=wished,
            max_rounds=self._plan.max_rounds,
            max_hours=self._plan.max_hours,
            containment=probe_containment().name,
            sandbox=probe_sandbox().limit(self._settings.sandbox.level).value,
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

    def _tools(self, repository: Repository, tree: RunTree, book: PatientBook, state: RunState) -> Tools:
        settings: Settings = self._settings

        def history() -> Iterator[Entry]:
            return entries(book.records())

        def history_anywhere() -> Iterator[Entry]:
            return entries(read_records(self._folder))  # a database's handle serves the thread that opened it only

        is_parallel = needs_lanes(state, settings)
        if is_parallel:
            lanes_folder(tree.path).mkdir(exist_ok=True)  # before the walls, which hide it
        begun = next(entry.fact for entry in history() if isinstance(entry.fact, RunStarted))
        walls = raise_walls(settings, self._place, repository, self._plan.environment, begun.pins)
        return Tools(
            settings=settings,
            place=self._place,
            repository=repository,
            tree=tree,
            executor=self._executor,
            platform=open_kit(settings.platform),
            proposer=choose_proposer(settings, Path(self._plan.repository)),
            environment=self._plan.environment,
            wishes=self._wishes,
            clock=self._clock,
            wants=Wants(self._place.lock),
            history=history_anywhere if is_parallel else history,
            sandbox=walls.sandbox,
            pins=walls.pins,
            protected=walls.protected,
            secrets=find_secrets({**self._plan.environment, **os.environ}),
        )
