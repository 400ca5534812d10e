"""Where patches are played: the real daemon's set-up, one real baseline, and then one real round for each patch.

Rounds do not build on each other: each begins in the state after the baseline. Nothing is sealed: a patch that gets as
far as that has got through.
"""

import json
import os
import signal
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_opt.daemon.begin_machine import make_state_folder
from kernel_opt.daemon.loop import Life
from kernel_opt.daemon.plan import Plan, user_environment
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.git_refs import round_ref
from kernel_opt.edges.places import place_run, write_about
from kernel_opt.edges.platforms import PlatformKit
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.session_records import PlatformChoice
from kernel_opt.edges.settings_file import plain_settings, settings_from
from kernel_opt.model.facts import Entry, Fact, Faulted
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import Drafted
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Check, Drop, OpenRound, PlanStop, Recheck, Rest, Seal, Wait
from kernel_opt.round.perform import Hands
from kernel_opt.rules.answers import fits
from kernel_opt.rules.evolve import evolve
from kernel_opt.rules.integrity.edits import judge_edit
from kernel_opt.rules.protocol import next_step
from tests.cheats.page import HERE, Page
from tests.cheats.targets import lay_out_example, lay_out_flydsl

EDIT_RULES = ("protected-path", "shadowed-module", "not-allowed-path", "not-a-plain-file", "odd-name", "file-too-large")
TAG = "cheats"
HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)
"""Signals that a daemon takes over."""


@dataclass(frozen=True)
class Played:
    """What came of one patch."""

    ending: str
    """``kept`` when it got through, else how the round ended."""
    why: str
    rule: str = ""
    """What refused it."""
    fired: tuple[str, ...] = ()
    """Every check that found something, heeded or not."""
    unheeded: frozenset[str] = frozenset()

    @property
    def got_through(self) -> bool:
        return self.ending == "kept"

    @property
    def is_told(self) -> bool:
        """Whether it says anything: a fault of the machine is nobody's catch."""
        return self.ending != "infrastructure"


class Ground:
    """One target with its baseline."""

    def __init__(self, base: Path, root: Path, settings: Settings, *, is_shared: bool) -> None:
        self._book = base / "book.json"
        self._settings = settings
        worktree = root.parent / f"kernel-opt-{TAG}"
        place = place_run(str(root), TAG, str(worktree))
        make_state_folder(place, settings, force=True)
        write_about(place)
        plan = Plan(
            tag=TAG,
            repository=str(root),
            worktree=str(worktree),
            base=Repository.find(root).head_commit(),
            settings=plain_settings(settings),
            settings_source="the cheat suite",
            environment=user_environment(settings.benchmark.pass_environment),
        )
        self._clock = SystemClock()
        self._log = _Ear()
        before = {number: signal.getsignal(number) for number in HEARD}
        self._life = Life(place, plan, self._clock, self._log)
        signal.set_wakeup_fd(-1)
        for number, known in before.items():  # whoever plays may be stopped like any program
            signal.signal(number, known)
        scribe, tools = self._life.begin()
        self._tools = replace(tools, platform=_quieten(tools.platform, base)) if is_shared else tools
        hands = Hands(self._tools, self._log)
        while not isinstance(step := next_step(scribe.state, settings), OpenRound):
            assert not isinstance(step, PlanStop | Wait), f"no baseline: {step}"
            scribe.write(hands.perform(step, scribe.state))
        self._start = scribe.state
        self._rounds = 0

    @property
    def cites(self) -> tuple[str, ...]:
        trace = self._start.best.trace if self._start.best else None
        return tuple(spot.id for spot in trace.hotspots[:1]) if trace else ()

    @property
    def level(self) -> str:
        """The sandbox level of this machine."""
        return self._start.sandbox

    def end(self) -> None:
        self._life.end()

    def play(self, page: Page, unheeded: Collection[str] = (), *, is_walled: bool = True, once: bool = False) -> Played:
        """Play one patch through one round; ``unheeded`` checks refuse nothing, ``once`` it is looked at from cold."""
        self._book.write_text(json.dumps(page.as_book(self.cites)))
        self._rounds += 1
        tools = replace(self._tools, unheeded=frozenset(unheeded))
        if not is_walled:
            tools = replace(tools, sandbox=None)
        hands, state, told = Hands(tools, self._log), self._start, _Told()
        step = OpenRound(self._rounds)
        while not isinstance(step, Drop | Seal | PlanStop | Rest | Wait):
            if isinstance(step, Check):
                told.add_edit_rules(state, tools.settings)
            fact = hands.perform(step, state)
            if not fits(step, fact):
                fact = Faulted(kind="unfit-answer", why=f"{type(fact).__name__} answers {type(step).__name__}")
            told.add(fact)
            state = evolve(state, self._entry(fact, state))
            step = next_step(state, self._settings)
            if (unheeded or once) and isinstance(step, Recheck) and step.number > 1:
                step = Seal("keep", step.candidate.commit)
        # The same code is played again with other defences, and is no repeat for that.
        self._tools.repository.git.run("update-ref", "-d", round_ref(TAG, self._rounds))
        ending, why = _end_of(step, told)
        return Played(ending, why, told.rule, tuple(dict.fromkeys(told.fired)), frozenset(unheeded))

    def _entry(self, fact: Fact, state: RunState) -> Entry:
        now_s = self._clock.utc().timestamp()
        number = getattr(fact, "round", state.round)
        return Entry(seq=1, round=number, at_s=now_s, boottime_s=self._clock.boot_s(), boot_id="", fact=fact)


class _Ear:
    """A log that keeps what went wrong."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def info(self, event: str, **fields: object) -> None:
        del event, fields

    def warning(self, event: str, **fields: object) -> None:
        del event, fields

    def error(self, event: str, **fields: object) -> None:
        self.errors.append(f"{event} {fields}")


class _Told:
    """What the facts of one round said."""

    def __init__(self) -> None:
        self.fired: list[str] = []
        self.rule = self.fault = ""

    def add_edit_rules(self, state: RunState, settings: Settings) -> None:
        """Ask each rule about the edit alone; a refusal tells only the first."""
        if not isinstance(state.stage, Drafted):
            return
        for rule in EDIT_RULES:
            others = set(EDIT_RULES) - {rule}
            refusal = judge_edit(state.stage.edit, settings.edit, settings.benchmark.file, others)
            if refusal is not None and refusal.rule == rule:
                self.fired.append(rule)

    def add(self, fact: Fact) -> None:
        checks: tuple[IntegrityCheck, ...] = getattr(fact, "checks", ())
        self.fired += [check.name for check in checks if check.outcome is CheckOutcome.FAILED]
        if isinstance(fact, Refused):
            self.rule = fact.rule
            self.fired.append(fact.rule)
        if isinstance(fact, Faulted):
            self.fault = f"{fact.kind}: {fact.why}"


def _end_of(step: object, told: _Told) -> tuple[str, str]:
    match step:
        case Seal():
            return "kept", ""
        case Drop():
            return step.ending.value, step.why
        case _:
            return "infrastructure", told.fault or str(step)


def _quieten(kit: PlatformKit, base: Path) -> PlatformKit:
    """Say of the cores that nobody else is on them: cheats show by factors, which neighbours do not bring about."""
    cards = base / "cards.json"
    cards.write_text("[{}]")
    choice = PlatformChoice(factory="tests.worker.fake_platform:open_platform", options={"state": str(cards)})
    return replace(kit, choice=choice)


def open_ground(base: Path, target: str) -> Ground:
    """Set a target up and measure its baseline."""
    base.mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONPATH"] = str(HERE.parents[1])
    os.environ["KERNEL_OPT_STATE"], os.environ["KERNEL_OPT_LEASE_DIR"] = str(base / "state"), str(base / "leases")
    root, plain = (lay_out_example if target == "example" else lay_out_flydsl)(base)
    propose, book = str(HERE / "propose.py"), str(base / "book.json")
    Path(book).write_text("{}")
    plain["agent"] = {"name": "command", "command": [sys.executable, propose, book], "timeout_s": 20.0}
    plain["round"] = {"noise_runs": 2, "headline_every": 0, "repairs": 0, "quick_fixes": 0, "send_backs": 0}
    # One pair on a machine under load: less than this would be noise as often as not.
    plain["judge"] = {"preset": "protocol-strict", "min_effect_pct": 5.0}
    plain.setdefault("sandbox", {})["agent_show"] = [propose, book]
    plain["platform"]["deep_trace"] = False
    plain["disk"] = {"min_free_mb": 1.0}
    settings = settings_from(plain, "the cheat suite")
    return Ground(base, root, settings, is_shared=target == "example")
