"""Any program as proposer: it gets the brief, edits the worktree it is started in, and leaves a proposal."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.agents.proposal_file import NAME, read_proposal, take_from_worktree
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.process import Ended, StopWish, run_contained
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.proposal import Answer, Reply, Request
from kernel_opt.model.settings import AgentSettings

TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits: "try again later", as mail programs say it


class CommandProposer:
    """Runs an argv of the user's: brief on stdin and at $KERNEL_OPT_BRIEF, answer at $KERNEL_OPT_PROPOSAL."""

    name = "command"

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings

    def find_problem(self) -> str | None:
        """Say why it cannot be used on this machine, or None."""
        if not self._settings.command:
            return "agent.command is empty"
        program = self._settings.command[0]
        return None if shutil.which(program) else f"{program} is not installed or not on PATH"

    def work(self, request: Request, on_tick: Callable[[], StopWish | None]) -> Answer:
        """Do one task; nothing that it started lives on when it returns."""
        folder, worktree = Path(request.folder), Path(request.worktree)
        proposal = folder / NAME
        # What is asked for by name wins over the private places: a proposer may keep its login in the user's HOME.
        passed = {name: os.environ[name] for name in self._settings.pass_environment if name in os.environ}
        own = passed | {
            "KERNEL_OPT_TASK": request.task.value,
            "KERNEL_OPT_ROUND": str(request.round),
            "KERNEL_OPT_BRIEF": request.brief,
            "KERNEL_OPT_PROPOSAL": str(proposal),
            "KERNEL_OPT_SEED": str(request.facts.get("seed", 0)),
        }
        env = child_environment(folder / "home", extra=own)
        is_known = (worktree / NAME).exists()  # a file of that name in the repository is no proposal
        try:
            ended = self._run(request, env, on_tick)
        except InfrastructureError:
            problem = self.find_problem()
            if problem is None:
                raise
            return Answer(reply=Reply.BARRED, detail=problem)
        if not is_known:
            take_from_worktree(worktree / NAME, proposal)
        return _tell(ended, proposal)

    def _run(self, request: Request, env: Mapping[str, str], on_tick: Callable[[], StopWish | None]) -> Ended:
        return run_contained(
            self._settings.command,
            cwd=Path(request.worktree),
            env=env,
            log=Path(request.folder) / "agent.log",
            timeout_s=self._settings.timeout_s,
            stdin=Path(request.brief),
            no_output_s=self._settings.silence_s or None,
            interrupt_first=True,
            on_tick=on_tick,
            sandbox=request.sandbox,
        )


def _tell(ended: Ended, proposal: Path) -> Answer:
    spent = Usage(wall_s=ended.wall_s)
    if ended.stopped_by is not None:
        return Answer(reply=Reply.NOTHING, detail=f"stopped: {ended.stopped_by.reason}", usage=spent)
    if ended.timed_out or ended.stalled:
        what = "gave no sign of life" if ended.stalled else "took too long"
        return Answer(reply=Reply.NOTHING, detail=f"the proposer {what} and was ended", usage=spent)
    if ended.exit_code == TEMPORARY_FAILURE:
        return Answer(reply=Reply.AWAY, detail="the proposer said: try again later", usage=spent)
    if ended.exit_code in (126, 127):
        return Answer(reply=Reply.BARRED, detail="the proposer could not be started", usage=spent)
    try:
        hypothesis, usage = read_proposal(proposal)
    except ReadFailedError as error:
        ending = f"signal {ended.signal}" if ended.signal else f"exit code {ended.exit_code}"
        return Answer(reply=Reply.NOTHING, detail=f"{error} ({ending})", usage=spent)
    return Answer(reply=Reply.OK, hypothesis=hypothesis, usage=replace(usage, wall_s=ended.wall_s))


def program_of(settings: AgentSettings) -> str:
    """Return the program's path for the record, or its name when it is not found."""
    program = settings.command[0] if settings.command else ""
    return os.path.realpath(shutil.which(program) or program) if program else ""
