"""Everything in one folder, put together into a recording."""

from collections.abc import Callable, Iterable
from pathlib import Path

from kernel_opt.edges.tracers.agents import read_agents
from kernel_opt.edges.tracers.att_code import read_att_code
from kernel_opt.edges.tracers.att_stats import read_att_stats
from kernel_opt.edges.tracers.compiled import read_fingerprints
from kernel_opt.edges.tracers.copies import read_copies
from kernel_opt.edges.tracers.counters import Totals, read_counters, to_counters
from kernel_opt.edges.tracers.find import Found, find_files
from kernel_opt.edges.tracers.kernel_csv import read_kernel_csv
from kernel_opt.edges.tracers.kernel_stats import read_kernel_stats
from kernel_opt.edges.tracers.launches import LaunchTable
from kernel_opt.edges.tracers.pc_sampling import read_pc_samples
from kernel_opt.edges.tracers.refusal import refuse
from kernel_opt.edges.tracers.rocpd import read_rocpd
from kernel_opt.edges.tracers.sdk_json import read_sdk_json
from kernel_opt.edges.tracers.site_table import SiteTable
from kernel_opt.model.recording import Agent, KernelSites, Launch, Recording


class FolderReader:
    """Reads a folder's files by kind and gathers what they say."""

    def __init__(self, found: Found, kernels: frozenset[str]) -> None:
        self._files = found.files
        self._notes = list(found.notes)
        self._table = LaunchTable(kernels)
        self._agents: list[Agent] = []
        self._named: dict[str, dict[int, str]] = {}
        """Files' common beginning to kernel by dispatch number: the numbers count per process."""

    def read(self, base: Path) -> Recording:
        """Read all files; ``base`` is what their names are given from."""
        stats = self._read_kernels()
        for path in self._files.get("agents", []):
            self._take_agents(read_agents(path))
        sites = self._read_sites()
        totals: Totals = {}
        for path in self._files.get("counters", []):
            read_counters(path, totals)
        isa, compiled, problems = read_fingerprints(self._files.get("compiled", []))
        self._notes += problems
        launches, dispatches, left_out = self._table.to_launches()
        return Recording(
            launches=(*launches, *stats),
            dispatches=() if left_out else dispatches,
            dispatches_left_out=left_out,
            agents=tuple(self._agents),
            sites=sites,
            counters=to_counters(totals),
            isa=isa,
            compiled=compiled,
            lanes=() if left_out else self._table.to_lanes(),
            copies=read_copies(self._files.get("copies", [])),
            files=tuple(path.relative_to(base).as_posix() for paths in self._files.values() for path in paths),
            notes=tuple(self._notes),
        )

    def _read_kernels(self) -> list[Launch]:
        for path in self._files.get("kernel_csv", []):
            part = self._table.spawn(_stem(path))
            self._note(read_kernel_csv(path, part))
            self._named[_stem(path)] = part.names_by_id()
            self._table.absorb(part)
        for kind, read in (("rocpd", read_rocpd), ("sdk_json", read_sdk_json)):
            for path in self._files.get(kind, []):
                agents, note = read(path, self._table)
                self._take_agents(agents)
                self._note(note)
        return [launch for path in self._files.get("kernel_stats", []) for launch in read_kernel_stats(path)]

    def _read_sites(self) -> tuple[KernelSites, ...]:
        readers: list[tuple[str, Callable[[Path, SiteTable], str | None]]] = [
            ("att_code", read_att_code),
            ("att_stats", read_att_stats),
            ("pc_sampling", lambda path, table: read_pc_samples(path, table, self._named.get(_stem(path), {}))),
        ]
        found: dict[tuple[str, str], KernelSites] = {}
        for kind, read in readers:
            for path in self._files.get(kind, []):
                table = SiteTable()
                self._note(read(path, table))
                for sites in table.to_sites():
                    key = (sites.kernel, sites.unit)
                    if key not in found or sites.spent > found[key].spent:
                        found[key] = sites
        return tuple(sorted(found.values(), key=lambda sites: -(sites.spent + sites.idle)))

    def _take_agents(self, agents: Iterable[Agent]) -> None:
        self._agents += [agent for agent in agents if agent not in self._agents]

    def _note(self, note: str | None) -> None:
        if note:
            self._notes.append(note)


def read_folder(folder: Path, *, since_s: float = 0.0, kernels: frozenset[str] = frozenset()) -> Recording:
    """Read everything that a tracer left in a folder, or one file of it."""
    found = find_files(folder, since_s)
    if not found.files:
        names = ", ".join(path.name for path in found.strangers[:3])
        raise refuse(folder, None, "no trace of rocprofv3 is there" + (f", only {names}" if names else ""))
    recording = FolderReader(found, kernels).read(folder.parent if folder.is_file() else folder)
    if not (recording.launches or recording.sites or recording.counters or recording.notes):
        raise refuse(folder, None, f"no kernel was recorded, only {', '.join(recording.files)}", _NOTHING_RAN)
    return recording


_NOTHING_RAN = "see that the command itself, not a child on another host, launches the kernels"


def _stem(path: Path) -> str:
    """Return what the files of one process have in common."""
    for word in ("kernel_trace", "pc_sampling"):
        if word in path.name:
            return str(path.parent / path.name[: path.name.index(word)])
    return str(path)
