"""What is rendered from the journal for people after each round; all of it can be thrown away."""

from collections.abc import Callable, Iterable
from pathlib import Path

from kernel_opt.edges.environment import CACHES
from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.log import Log
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.prune import prune_traces
from kernel_opt.edges.repository import Repository
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.facts import Entry, Fact, RunStarted, StopPlanned
from kernel_opt.model.round_facts import BaselineKept, Dropped, Kept, RoundOpened
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState
from kernel_opt.rules.lanes import open_rounds
from kernel_opt.views.bundle import render_bundle
from kernel_opt.views.story import RoundStory
from kernel_opt.views.telling import tell_rounds
from kernel_opt.views.tsv import render_tsv

RESULTS = "results.tsv"


class Derived:
    """Keeps the views of a run up to date, one round at a time."""

    def __init__(
        self,
        place: RunPlace,
        settings: Settings,
        repository: Repository,
        log: Log,
        history: Callable[[], Iterable[Entry]],
    ) -> None:
        self._place, self._settings, self._repository, self._log = place, settings, repository, log
        self._history = history
        self._open: dict[int, list[Entry]] = {0: []}
        """The facts of each open round so far; 0 is the baseline."""
        self._pruned = 0
        self._results: list[str] = []

    def tell(self, entry: Entry, state: RunState) -> None:
        """Log the fact, and write the views that it completes."""
        self._log.info("fact", fact=type(entry.fact).__name__, round=entry.round, **_words(entry.fact))
        self._note(entry)
        is_baseline = isinstance(entry.fact, BaselineKept | StopPlanned) and not state.round
        if is_baseline:
            self._results = []  # its line may stand there already, written after a crash
            self._refresh(self._open.get(0, []), state)
        elif isinstance(entry.fact, Kept | Dropped):
            self._refresh(self._open.pop(entry.round, []), state)

    def _note(self, entry: Entry) -> None:
        if isinstance(entry.fact, RunStarted):
            self._open = {0: []}
        if isinstance(entry.fact, RoundOpened):
            self._open[entry.fact.round] = []
        if entry.round in self._open:
            self._open[entry.round].append(entry)

    def refresh_all(self) -> None:
        """Render again what a crash may have left undone."""
        self._results = []
        self._write_results(render_tsv(self._history()).splitlines(keepends=True))
        self._open = {0: []}
        for entry in self._history():
            self._note(entry)
            if isinstance(entry.fact, Kept | Dropped):
                self._open.pop(entry.round, None)

    def _refresh(self, facts: list[Entry], state: RunState) -> None:
        """A view that cannot be written costs no round: it is said in the log and rendered again at the next start."""
        try:
            self._write_results(render_tsv(facts).splitlines(keepends=True))
            for story in tell_rounds(facts):
                self._write_bundle(story)
            self._prune(state)
        except (OSError, KernelOptError) as error:
            self._log.warning("a view could not be written", why=str(error), round=state.round)

    def _write_results(self, fresh: list[str]) -> None:
        """Add the lines of one round; a long run is not rendered again and again."""
        self._results = [*self._results, *fresh[1:]] if self._results else fresh
        atomic_write(Path(self._place.directory) / RESULTS, "".join(self._results).encode())

    def _prune(self, state: RunState) -> None:
        """Drop the raw traces of the rounds that have grown old; those of baseline and best are kept."""
        last = min((state.round, *open_rounds(state))) - self._settings.disk.keep_rounds
        best = state.branch_best.round if state.branch_best else 0
        # A round that took long keeps those after it from growing old: then it is several at once.
        for old in range(max(1, self._pruned + 1 if self._pruned else last), last + 1):
            self._pruned = old
            freed = prune_traces(Path(self._place.round_folder(old))) if old != best else 0
            if freed:
                self._log.info("raw traces pruned", round=old, freed_bytes=freed)

    def _write_bundle(self, story: RoundStory) -> None:
        folder = Path(self._place.round_folder(story.round))
        folder.mkdir(parents=True, exist_ok=True)
        candidate = story.candidate
        diff = self._repository.diff_text(candidate.parent, candidate.commit) if candidate else ""
        files = render_bundle(
            story,
            repository=self._place.repository,
            benchmark=self._settings.benchmark,
            diff=diff,
            caches=CACHES,
        )
        for name, content in files.items():
            atomic_write(folder / name, content, 0o755 if name.endswith(".sh") else 0o644)


def _words(fact: Fact) -> dict[str, object]:
    """Return the parts of a fact that a reader of the log wants to see."""
    wanted = ("why", "reason", "ending", "commit", "by", "rule", "note", "kind")
    found = {name: getattr(fact, name) for name in wanted if getattr(fact, name, None)}
    return {name: getattr(value, "value", value) for name, value in found.items()}
