"""Each step and who does it; what goes wrong in the doing is a fault of the machine, never a bad kernel."""

import csv
import re
import traceback
from collections.abc import Callable
from typing import Any

from jinja2 import TemplateError

from kernel_opt.edges.log import Log
from kernel_opt.journal.ballast import DiskFullError
from kernel_opt.model import steps as s
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.facts import Fact, Faulted, StopPlanned
from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState
from kernel_opt.round.bench import bench
from kernel_opt.round.check import check
from kernel_opt.round.explain import explain
from kernel_opt.round.format import format_candidate
from kernel_opt.round.judge import judge
from kernel_opt.round.measure import measure
from kernel_opt.round.profile import profile
from kernel_opt.round.propose import amend, propose
from kernel_opt.round.rebase import rebase
from kernel_opt.round.recheck import recheck
from kernel_opt.round.rest import rest, wait
from kernel_opt.round.settle import drop, finish, open_round, publish, seal
from kernel_opt.round.tools import Tools
from kernel_opt.rules.integrity.refusals import REFUSALS, refusals_of

DEFECTS = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, NameError, RuntimeError,
    StopIteration, SyntaxError, TypeError, ValueError, csv.Error, re.error, TemplateError,
)  # fmt: skip
"""Mistakes of ours. They are logged whole and close the round; they must not cost the rest of the night."""

Act = Callable[[Any, RunState, Tools], Fact]

ACTS: dict[type[s.Step], Act] = {
    s.Wait: wait,
    s.Rest: rest,
    s.Bench: bench,
    s.Measure: measure,
    s.Judge: judge,
    s.Profile: profile,
    s.OpenRound: open_round,
    s.Propose: propose,
    s.Check: lambda _, state, tools: check(state, tools),
    s.Amend: amend,
    s.Explain: explain,
    s.Format: format_candidate,
    s.Recheck: recheck,
    s.Rebase: rebase,
    s.Seal: seal,
    s.Publish: publish,
    s.Drop: drop,
    s.Finish: finish,
    s.PlanStop: lambda step, _, __: StopPlanned(reason=step.reason, code=step.code),
}


class Hands:
    """Carries out steps in the world."""

    def __init__(self, tools: Tools, log: Log) -> None:
        self._tools = tools
        self._log = log

    def perform(self, step: s.Step, state: RunState) -> Fact:
        """Do one step; every step may be done twice."""
        name = type(step).__name__
        self._log.info("step", step=name, round=state.round)
        self._warn(step, state)
        try:
            return ACTS[type(step)](step, state, self._tools)
        except DiskFullError as error:
            return Faulted(kind="disk-full", why=str(error))
        except KernelOptError as error:
            return Faulted(kind="edge", why=f"{name}: {error}")
        except OSError as error:
            kind = "disk-full" if error.errno in (28, 122) else "system"  # ENOSPC, EDQUOT
            return Faulted(kind=kind, why=f"{name}: {error}")
        except DEFECTS as error:
            self._log.error("defect", step=name, trace=traceback.format_exc())
            return Faulted(kind="defect", why=f"{name}: {type(error).__name__}: {error}")

    def _warn(self, step: s.Step, state: RunState) -> None:
        """Say loudly what a person should look at: refusals in a row, and a best that did not hold."""
        claim = getattr(state.stage, "hypothesis", None)
        who = claim.proposer if isinstance(claim, Hypothesis) else ""
        in_a_row = refusals_of(state.tally, who) + 1
        match step:
            case s.Drop(ending=Ending.REFUSED) if in_a_row >= REFUSALS:
                self._log.error("refused again", proposer=who, in_a_row=in_a_row, why=step.why)
            case s.Seal(purpose="rollback"):
                self._log.error("best did not hold", back_to=state.code[:12])
            case _:
                pass
