"""Compile a candidate, and best, without a card; see what that says of the edit before any GPU second is spent."""

import hashlib
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kernel_opt.edges.builders.build import Yard, build_commit
from kernel_opt.edges.builders.toolchain import choose_python
from kernel_opt.edges.compiled_edit import Interpreter, acts_compiled
from kernel_opt.edges.files import atomic_write, remove_tree
from kernel_opt.model.compile_settings import BuildSettings
from kernel_opt.model.compiled import BuildEnd, Built, Compiled, CompileOutcome
from kernel_opt.model.hypothesis import Candidate
from kernel_opt.model.state import RunState
from kernel_opt.round.tools import Tools
from kernel_opt.rules.isa.compile_gate import weigh_builds

_PARSE_LIMIT_S = 30.0


_AGAINST = (CompileOutcome.BROKEN, CompileOutcome.CANNOT_LAUNCH, CompileOutcome.COSTLIER)
"""What speaks against a candidate is believed only next to a best that was compiled just now."""


def compile_candidate(candidate: Candidate, state: RunState, tools: Tools) -> Compiled | None:
    """Return what compiling it ahead shows; None when no build is configured."""
    if not tools.settings.compile.builds:
        return None
    built = _build(candidate.commit, "compile", state, tools)
    is_edit_compiled = _is_edit_compiled(candidate, state, tools)
    classes, hot = [one.key for one in state.classes], _hot_kernels(state)
    weigh = partial(weigh_builds, is_edit_compiled=is_edit_compiled, classes=classes, hot=hot)
    found = weigh(compile_best(state, tools), built)
    if found.outcome not in _AGAINST:
        return found
    # A compiler or a library that was changed since best was built must not be taken for the candidate's doing.
    return weigh(compile_best(state, tools, is_fresh=True), built)


def compile_formatted(measured: Candidate, formatted: Candidate, state: RunState, tools: Tools) -> Compiled | None:
    """Return what formatting changed of the compiled code, next to the candidate that was measured."""
    if not tools.settings.compile.builds:
        return None
    before = _build(measured.commit, "compile-measured", state, tools)
    after = _build(formatted.commit, "compile-formatted", state, tools)
    classes = [one.key for one in state.classes]
    return weigh_builds(before, after, is_edit_compiled=True, classes=classes, hot=_hot_kernels(state))


def compile_best(state: RunState, tools: Tools, *, is_fresh: bool = False) -> tuple[Built, ...]:
    """Return best's builds, kept by its commit; whoever throws the folder away has them built again."""
    builds = tools.settings.compile.builds
    if not builds:
        return ()
    told = (state.code, targets_of(state), builds)
    name = hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]
    kept = tools.folder / "compiled" / f"{state.code[:12]}-{name}.json"
    if not is_fresh and (found := _read(kept)) is not None:
        return found
    built = _build(state.code, "compile-best", state, tools)
    if all(one.end is not BuildEnd.NOT_BUILT for one in built):
        # What this machine lacked a minute ago it may have now.
        kept.parent.mkdir(exist_ok=True)
        atomic_write(kept, msgspec.json.encode(built))
    return built


def _read(path: Path) -> tuple[Built, ...] | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Built, ...])
    except (OSError, msgspec.DecodeError):
        return None


def _build(commit: str, name: str, state: RunState, tools: Tools) -> tuple[Built, ...]:
    folder = tools.fresh_folder(state.round, name)
    built = build_commit(make_yard(tools), commit, folder, tools.settings.compile.builds, targets_of(state))
    remove_tree(folder / "tree")
    return tuple(replace(one, folder=tools.relative(Path(one.folder)) if one.folder else "") for one in built)


def make_yard(tools: Tools) -> Yard:
    """Return what all builds of this run have in common."""
    benchmark = tools.settings.benchmark
    return Yard(
        repository=tools.repository,
        environment=tools.environment,
        python=choose_python(benchmark.command[0]),
        passed=benchmark.pass_environment,
        extra=benchmark.environment,
        sandbox=tools.sandbox,
        pins=tools.pins,
        on_tick=tools.wishes.stop_now,
    )


def targets_of(state: RunState) -> tuple[str, ...]:
    """Return what the cards were that the kernels ran on."""
    traces = (state.best.trace if state.best else None, state.baseline_trace)
    found = [agent.gfx for trace in traces if trace for agent in trace.agents if agent.gfx]
    return tuple(dict.fromkeys(found))


def _hot_kernels(state: RunState) -> list[str]:
    trace = state.best.trace if state.best else None
    return [target.name for target in trace.targets] if trace else []


def _is_edit_compiled(candidate: Candidate, state: RunState, tools: Tools) -> bool:
    builds: tuple[BuildSettings, ...] = tools.settings.compile.builds
    python = Interpreter(choose_python(tools.settings.benchmark.command[0]), tools.environment, _PARSE_LIMIT_S)
    read = tools.repository.read_at
    return all(
        acts_compiled(path, read(state.code, path), read(candidate.commit, path), builds, python)
        for path in candidate.files
    )
