"""A study's file: read, checked, and turned into the settings of its tracks."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from kernel_opt.cli.demo_settings import write_settings
from kernel_opt.daemon.plan import read_plan
from kernel_opt.edges.git_refs import check_tag
from kernel_opt.edges.places import RunPlace, place_run, state_root
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import SIZE_CAP_BYTES, find_settings, plain_settings, settings_from
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import Settings
from kernel_opt.model.study import StudyPlan, TrackName
from kernel_opt.rules.study import find_plan_problem, list_tracks, settings_of


@dataclass(frozen=True, slots=True)
class Study:
    """A study as it is to be carried out."""

    plan: StudyPlan
    path: Path
    repository: Path
    kernel: dict[str, Any]
    """The kernel's settings as plain tables."""

    @property
    def tracks(self) -> list[TrackName]:
        """Return its runs in order."""
        return list(list_tracks(self.plan))

    def place(self, track: TrackName) -> RunPlace:
        """Return where a track's run is, or will be."""
        worktree = self.repository.parent / f"kernel-opt-{track.tag}"
        return place_run(str(self.repository), track.tag, str(worktree))

    def settings(self, track: TrackName) -> Settings:
        """Return the settings of a track, checked as any are."""
        return settings_from(settings_of(track, self.plan, self.kernel), f"{self.path}, arm {track.arm}")


def read_study(path: Path) -> Study:
    """Read a study's file and the settings of its kernel; what is wrong in it is said before anything runs."""
    plan = _read_plan(path)
    problem = find_plan_problem(plan)
    if problem is not None:
        raise UsageError(f"{path}: {problem}", "see `kernel-opt study --help`")
    folder = path.resolve().parent
    repository = Repository.find(folder / plan.repository).root
    found = find_settings(repository, folder / plan.config if plan.config else None)
    study = Study(plan, path, repository, plain_settings(found.settings))
    for track in study.tracks:
        check_tag(track.tag)
        study.settings(track)
    return study


def _read_plan(path: Path) -> StudyPlan:
    try:
        if path.stat().st_size > SIZE_CAP_BYTES:
            raise UsageError(f"{path} is larger than a megabyte", "is it really a study's file?")
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), StudyPlan)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path} cannot be read: {said}", "see `kernel-opt study --help`") from error


def own_folder(study: Study) -> Path:
    """Return where a study keeps what its tracks are started with and what they said at their start."""
    return Path(state_root(), "studies", study.plan.name)


def leave_settings(study: Study, track: TrackName) -> Path:
    """Write the settings that a track starts with."""
    path = own_folder(study) / f"{track.tag}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_settings(path, study.settings(track), f"Track {track.tag} of the study {study.plan.name}.")
    return path


def refuse_other_settings(study: Study, track: TrackName) -> None:
    """Refuse to count a run that was begun with other settings than its track has now; more rounds are fine."""
    place = study.place(track)
    plan = read_plan(Path(place.directory))
    begun, wanted = settings_from(plan.settings, plan.settings_source), study.settings(track)
    if replace(begun, stop=replace(begun.stop, max_rounds=0)) != replace(
        wanted, stop=replace(wanted.stop, max_rounds=0)
    ):
        unlike = next(name for name in Settings.__struct_fields__ if getattr(begun, name) != getattr(wanted, name))
        mend = f"give the study another name, or remove the run with `kernel-opt clean --tag {track.tag}`"
        raise UsageError(f"run {track.tag} was begun with other settings: [{unlike}]", mend)


def refuse_other_base(study: Study) -> None:
    """Refuse to begin a track on another commit than the tracks before it."""
    head = Repository.find(study.repository).head_commit()
    for track in study.tracks:
        place = study.place(track)
        if Path(place.directory).exists() and (base := read_plan(Path(place.directory)).base) != head:
            mend = f"check out {base[:12]} for the study, or give it another name"
            raise UsageError(f"track {track.tag} began at {base[:12]}, but HEAD is {head[:12]} now", mend)
