"""Begin a run or go on with one: everything that can be refused is refused before anything is made."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.daemon.begin_machine import make_state_folder, refuse_unfit_machine, refuse_unfit_place
from kernel_opt.daemon.lock import read_holder, taken_error
from kernel_opt.daemon.plan import Plan, read_plan, user_environment, write_plan
from kernel_opt.edges.git_refs import branch_ref, check_tag, read_ref
from kernel_opt.edges.places import RunPlace, place_run, write_about
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import find_settings, plain_settings
from kernel_opt.edges.worktree import lanes_folder
from kernel_opt.model.errors import UsageError
from kernel_opt.model.sandbox import SandboxLevel
from kernel_opt.model.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for with `start`."""

    tag: str
    repo: Path
    config: Path | None = None
    agent: str = ""
    max_rounds: int = 0
    max_hours: float = 0.0
    resume: bool = False
    unless_stopped: bool = False
    force_network_fs: bool = False
    lanes: str = ""
    """How many rounds at once, or "auto"; empty: what the settings say."""
    require_sandbox: str = ""
    """The sandbox level that this run needs; empty: what the settings say."""


def prepare(wish: Wish) -> tuple[RunPlace, list[str]]:
    """Check everything, write the plan, and return the run's place with notes for the person."""
    tag = check_tag(wish.tag)
    repository = Repository.find(wish.repo)
    worktree = repository.root.parent / f"kernel-opt-{tag}"
    place = place_run(str(repository.root), tag, str(worktree))
    holder = read_holder(Path(place.lock))
    if holder is not None:
        raise taken_error(tag, holder)
    if wish.resume:
        return _prepare_resume(wish, place)
    if Path(place.directory).exists():
        mend = f"take another tag, or go on with `kernel-opt start --tag {tag} --resume`"
        raise UsageError(f"run {tag} of {repository.root} exists already", mend)
    _refuse_traces_of_tag(repository, tag, worktree)
    found = find_settings(repository.root, wish.config)
    settings = _with_level(_with_agent(found.settings, wish.agent), wish.require_sandbox)
    settings = _with_lanes(settings, wish.lanes)
    base = repository.head_commit()
    if not repository.exists_at(base, settings.benchmark.file):
        mend = "commit it, or name the right one as benchmark.file"
        raise UsageError(f"the benchmark {settings.benchmark.file} is not in commit {base[:12]} (HEAD)", mend)
    refuse_unfit_machine(settings, repository.root)
    make_state_folder(place, settings, force=wish.force_network_fs)
    write_about(place)
    write_plan(
        place,
        Plan(
            tag=tag,
            repository=str(repository.root),
            worktree=str(worktree),
            base=base,
            settings=plain_settings(settings),
            settings_source=found.source,
            environment=user_environment(settings.benchmark.pass_environment),
            max_rounds=wish.max_rounds,
            max_hours=wish.max_hours,
        ),
    )
    notes = [f"settings: {found.source}", f"base: {base[:12]}", f"state: {place.directory}"]
    if repository.is_dirty():
        notes.append("your checkout has uncommitted work: it is left alone and is not part of the run")
    return place, notes


def _prepare_resume(wish: Wish, place: RunPlace) -> tuple[RunPlace, list[str]]:
    folder = Path(place.directory)
    if not folder.exists():
        raise UsageError(f"there is no run {wish.tag} of {place.repository}", "start it without --resume")
    if wish.config is not None or wish.agent or wish.require_sandbox or wish.lanes:
        mend = "leave --config, --agent, --lanes and --require-sandbox away, or begin a new run"
        raise UsageError("a run keeps its settings for life", mend)
    plan = read_plan(folder)
    fields = {name: getattr(plan, name) for name in Plan.__struct_fields__}
    if wish.unless_stopped:
        # Whoever restarts what crashed wishes nothing new: the limits stay those of the last start.
        fields["wished"] = False
    else:
        fields |= {"max_rounds": wish.max_rounds, "max_hours": wish.max_hours, "wished": True}
    write_plan(place, Plan(**fields))
    return place, [f"state: {place.directory}"]


def _refuse_traces_of_tag(repository: Repository, tag: str, worktree: Path) -> None:
    mend = "take another tag; `kernel-opt clean` removes a finished run"
    if read_ref(repository, branch_ref(tag)) is not None:
        raise UsageError(f"the branch kernel-opt/{tag} exists already", mend)
    for path in (worktree, lanes_folder(worktree)):
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} exists already", mend)
    refuse_unfit_place(repository, worktree)


def _with_agent(settings: Settings, agent: str) -> Settings:
    """Let --agent name another proposer, or give the command of one."""
    from msgspec.structs import replace

    if not agent:
        return settings
    words = tuple(shlex.split(agent))
    is_command = len(words) > 1 or "/" in agent
    chosen = (
        replace(settings.agent, name="command", command=words) if is_command else replace(settings.agent, name=agent)
    )
    return replace(settings, agent=chosen)


def _with_level(settings: Settings, level: str) -> Settings:
    """Let --require-sandbox ask for more, or less, than the settings."""
    from msgspec.structs import replace

    if not level:
        return settings
    return replace(settings, sandbox=replace(settings.sandbox, require=SandboxLevel(level)))


def _with_lanes(settings: Settings, lanes: str) -> Settings:
    """Let --lanes say how many rounds are measured at once."""
    from msgspec.structs import replace

    return replace(settings, lanes="auto" if lanes == "auto" else int(lanes)) if lanes else settings
