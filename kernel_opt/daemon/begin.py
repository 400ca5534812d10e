"""Begin a run or go on with one: everything that can be refused is refused before anything is made."""

import json
import os
import select
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.daemon.plan import Plan, read_plan, user_environment, write_plan
from kernel_opt.edges.agents.choose import choose_proposer
from kernel_opt.edges.files import filesystem_kind, free_bytes
from kernel_opt.edges.git_refs import branch_ref, check_tag, read_ref
from kernel_opt.edges.places import RunPlace, place_run, write_about
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import find_settings, plain_settings
from kernel_opt.journal.reader import read_summary
from kernel_opt.model.errors import KernelOptError, UsageError
from kernel_opt.model.settings import Settings

READY_LIMIT_S = 60.0  # making a worktree of a large repository on a slow disk


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


def prepare(wish: Wish) -> tuple[RunPlace, list[str]]:
    """Check everything, write the plan, and return the run's place with notes for the person."""
    tag = check_tag(wish.tag)
    repository = Repository.find(wish.repo)
    worktree = repository.root.parent / f"kernel-opt-{tag}"
    place = place_run(str(repository.root), tag, str(worktree))
    has_journal = any((Path(place.directory) / name).exists() for name in ("journal.db", "journal.jsonl"))
    if wish.resume:
        return _prepare_resume(wish, place)
    if has_journal or Path(place.directory).exists():
        mend = f"take another tag, or go on with `kernel-opt start --tag {tag} --resume`"
        raise UsageError(f"run {tag} of {repository.root} exists already", mend)
    _refuse_traces_of_tag(repository, tag, worktree)
    found = find_settings(repository.root, wish.config)
    settings = _with_agent(found.settings, wish.agent)
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
            environment=user_environment(),
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
    if wish.config is not None or wish.agent:
        raise UsageError("a run keeps its settings for life", "leave --config and --agent away, or begin a new run")
    plan = read_plan(folder)
    fields = {name: getattr(plan, name) for name in Plan.__struct_fields__}
    fields |= {"max_rounds": wish.max_rounds, "max_hours": wish.max_hours, "wished": not wish.unless_stopped}
    write_plan(place, Plan(**fields))
    return place, [f"state: {place.directory}"]


def _refuse_traces_of_tag(repository: Repository, tag: str, worktree: Path) -> None:
    mend = "take another tag; `kernel-opt clean` removes a finished run"
    if read_ref(repository, branch_ref(tag)) is not None:
        raise UsageError(f"the branch kernel-opt/{tag} exists already", mend)
    if worktree.exists() or worktree.is_symlink():
        raise UsageError(f"{worktree} exists already", mend)


def _with_agent(settings: Settings, agent: str) -> Settings:
    """Let --agent name another proposer, or give the command of one."""
    from msgspec.structs import replace

    if not agent:
        return settings
    words = tuple(agent.split())
    is_command = len(words) > 1 or "/" in agent
    chosen = (
        replace(settings.agent, name="command", command=words) if is_command else replace(settings.agent, name=agent)
    )
    return replace(settings, agent=chosen)


def refuse_unfit_machine(settings: Settings, repository: Path) -> None:
    """Refuse when what the run needs is not on this machine."""
    for program in open_kit(settings.platform).programs:
        if shutil.which(program) is None:
            mend = 'install ROCm\'s tools or add their folder to PATH; without a GPU there is platform.name = "host"'
            raise UsageError(f"{program} is not on PATH", mend)
    problem = choose_proposer(settings, repository).find_problem()
    if problem is not None:
        raise UsageError(f"the proposer {settings.agent.name!r} cannot be used: {problem}", "see `kernel-opt doctor`")


def make_state_folder(place: RunPlace, settings: Settings, *, force: bool) -> None:
    """Make the run's state directory where a journal is safe."""
    folder = Path(place.directory)
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        mend = "set KERNEL_OPT_STATE to a directory of yours on a local disk"
        raise UsageError(f"the state directory {folder} cannot be made: {error.strerror}", mend) from error
    kind = filesystem_kind(folder)
    if kind is not None and not force:
        folder.rmdir()
        mend = "set KERNEL_OPT_STATE to a local disk, or insist with --force-network-fs"
        raise UsageError(
            f"the state directory {folder} is on {kind}, a network file system: locks may not hold there", mend
        )
    free_mb = free_bytes(folder) / 1e6
    if free_mb < settings.disk.min_free_mb:
        folder.rmdir()
        wanted = f"{settings.disk.min_free_mb:.0f} MB are wanted (disk.min_free_mb)"
        raise UsageError(f"{free_mb:.0f} MB are free at {folder}; {wanted}", "make room or set KERNEL_OPT_STATE")


def spawn(place: RunPlace) -> int:
    """Start the detached daemon and return its pid once the run stands."""
    read_fd, write_fd = os.pipe()
    with (Path(place.directory) / "daemon.out").open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "kernel_opt.daemon", place.directory, "--ready-fd", str(write_fd)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            pass_fds=(write_fd,),
            start_new_session=True,
        )
    os.close(write_fd)
    return _await_ready(child, read_fd, place)


def _await_ready(child: subprocess.Popen[bytes], read_fd: int, place: RunPlace) -> int:
    said = b""
    with os.fdopen(read_fd, "rb", buffering=0) as pipe:
        while b"\n" not in said:
            ready, _, _ = select.select([pipe], [], [], READY_LIMIT_S)
            chunk = pipe.read(65536) if ready else b""
            if not chunk:
                break
            said += chunk
    if b"\n" not in said:
        state = "ended" if child.poll() is not None else f"gave no sign for {READY_LIMIT_S:.0f} s"
        raise KernelOptError(f"the daemon {state} before the run stood", f"see {place.directory}/daemon.out")
    message = json.loads(said)
    if "error" in message:
        error = KernelOptError(message["error"], message["mend"])
        error.exit_code = message["exit_code"]
        raise error
    return int(message["pid"])


def stay(place: RunPlace) -> int:
    """Carry the run out in this very process, attached to the terminal."""
    argv = [sys.executable, "-m", "kernel_opt.daemon", place.directory, "--console"]
    os.execv(sys.executable, argv)  # noqa: S606 -- the same interpreter with the same arguments


def undo(place: RunPlace) -> None:
    """Remove a state directory in which nothing has happened yet, so that the tag is free again."""
    folder = Path(place.directory)
    if not any((folder / name).exists() for name in ("journal.db", "journal.jsonl", "tree-made")):
        shutil.rmtree(folder, ignore_errors=True)


def is_stopped(place: RunPlace) -> bool:
    """Say whether the run's journal ends with a stop."""
    _, _, summary, _ = read_summary(place.directory)
    return bool(summary and json.loads(summary).get("state") == "stopped")
