"""Format a candidate that is to be kept: by the settings' command, else by what the repository is formatted with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from kernel_opt.edges.edits import capture_edit
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.process import Ended, run_contained
from kernel_opt.edges.worktree import put_back
from kernel_opt.journal.ballast import DiskFullError
from kernel_opt.model.compiled import CompileOutcome
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.facts import Fact, StopAsked
from kernel_opt.model.hypothesis import Candidate, Origin
from kernel_opt.model.round_facts import FormatFailed, Formatted
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Format
from kernel_opt.round.check import write_candidate
from kernel_opt.round.compile import compile_formatted
from kernel_opt.round.enclose import enclose_tool
from kernel_opt.round.tools import Tools
from kernel_opt.rules.formatters import FILES, choose_formatters

Commands = Mapping[tuple[str, ...], tuple[str, ...]]
"""What is run, and the files it is run on."""
_SPOILT = {CompileOutcome.BROKEN: "does not compile", CompileOutcome.CANNOT_LAUNCH: "cannot be launched"}
"""Then the formatter is at fault, not the candidate, which was measured and is right."""


def format_candidate(step: Format, state: RunState, tools: Tools) -> Fact:
    """Run the formatter over the candidate's files, and take nothing else of what it did."""
    candidate = step.candidate
    put_back(tools.tree, candidate.commit)
    files = [name for name in candidate.files if _is_plain(tools, name)]
    commands = _choose(files, state, tools)
    if isinstance(commands, FormatFailed | StopAsked):
        return commands
    if not commands:
        return Formatted(candidate=candidate, changed=False)
    put_back(tools.tree, candidate.commit)
    failed = _run(commands, "format", state, tools)
    return failed or _take_formatted(candidate, files, state, tools)


def _choose(files: Sequence[str], state: RunState, tools: Tools) -> Commands | FormatFailed | StopAsked:
    """Return the commands with their files; none without files, where a formatter would take the whole tree."""
    settings = tools.settings.format
    if not files:
        return {}
    if settings.command:
        return {settings.command: tuple(files)}
    if not settings.detect:
        return {}
    # As the run found it: no candidate chooses the formatter that is run on it.
    present = {path.decode(errors="replace") for path in tools.repository.entries(state.base)}
    pyproject = (tools.repository.read_at(state.base, "pyproject.toml") or b"").decode(errors="replace")
    found = choose_formatters(present, pyproject, files)
    return _without_foreign(found, state, tools) if found else {}


def _without_foreign(commands: Commands, state: RunState, tools: Tools) -> Commands | FormatFailed | StopAsked:
    """Leave out the files that this formatter would change in best, too: it would bury the edit."""
    put_back(tools.tree, state.tip)
    at_best = {argv: tuple(name for name in files if _is_plain(tools, name)) for argv, files in commands.items()}
    failed = _run({argv: files for argv, files in at_best.items() if files}, "format-best", state, tools)
    if failed is not None:
        return failed
    edit = capture_edit(tools.repository, tools.tree.path, state.tip)
    foreign = {change.path for change in edit.changes}
    left = {argv: tuple(name for name in files if name not in foreign) for argv, files in commands.items()}
    return {argv: files for argv, files in left.items() if files}


def _run(commands: Commands, name: str, state: RunState, tools: Tools) -> FormatFailed | StopAsked | None:
    """Run the commands in the worktree as it stands; return why that is not done, if it is not."""
    folder = tools.fresh_folder(state.round, name)
    for number, (argv, files) in enumerate(commands.items()):
        log = folder / ("format.log" if number == 0 else f"format-{number + 1}.log")
        try:
            ended = _run_one(_fill_in(argv, files), folder, log, tools)
        except DiskFullError:
            raise
        except InfrastructureError as error:
            return FormatFailed(why=str(error))
        if ended.stopped_by is not None:
            return StopAsked(by=ended.stopped_by.reason)
        if ended.exit_code != 0:
            return FormatFailed(why=f"{argv[0]} {_how(ended)}, see {tools.relative(log)}")
    remove_tree(folder / "home")
    return None


def _run_one(argv: Sequence[str], folder: Path, log: Path, tools: Tools) -> Ended:
    return run_contained(
        argv,
        cwd=tools.tree.path,
        env=child_environment(folder / "home", base=tools.environment),
        log=log,
        timeout_s=tools.settings.format.timeout_s,
        on_tick=tools.wishes.stop_now,
        sandbox=enclose_tool(tools, folder, reads_history=True),
    )


def _fill_in(argv: Sequence[str], files: Sequence[str]) -> list[str]:
    """Put the files where the command wants them."""
    # A name that begins with a dash would be read as an option.
    named = [f"./{name}" if name.startswith("-") else name for name in files]
    return [part for word in argv for part in (named if word == FILES else [word])]


def _how(ended: Ended) -> str:
    if ended.timed_out:
        return "took too long"
    return f"was killed by signal {ended.signal}" if ended.signal else f"ended with exit code {ended.exit_code}"


def _is_plain(tools: Tools, name: str) -> bool:
    path = tools.tree.path / name
    return path.is_file() and not path.is_symlink()


def _take_formatted(candidate: Candidate, files: Sequence[str], state: RunState, tools: Tools) -> Fact:
    bytes_of = {name: (tools.tree.path / name).read_bytes() for name in files if _is_plain(tools, name)}
    put_back(tools.tree, candidate.commit)
    for name, content in bytes_of.items():
        (tools.tree.path / name).write_bytes(content)
    edit = capture_edit(tools.repository, tools.tree.path, candidate.commit)
    if not edit.changes:
        return Formatted(candidate=candidate, changed=False)
    formatted = write_candidate(edit.tree, Origin.FORMATTED, state, tools, candidate.files)
    compiled = compile_formatted(candidate, formatted, state, tools)
    if (wish := tools.wishes.stop_now()) is not None:
        return StopAsked(by=wish.reason)
    if compiled is not None and compiled.outcome in _SPOILT:
        return FormatFailed(why=f"what the formatter made of it {_SPOILT[compiled.outcome]}: {compiled.why}")
    return Formatted(candidate=formatted, changed=True, compiled=compiled)
