"""Carrying a study out: one track after the other, each an ordinary run in an ordinary daemon."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from kernel_opt.cli.ending import hear_ending
from kernel_opt.cli.runs import is_alive
from kernel_opt.cli.study_plan import Study, leave_settings, own_folder, refuse_other_base, refuse_other_settings
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.study import TrackName
from kernel_opt.views.study_tracks import Track, read_track

_SAID_BYTES = 2000


def look(study: Study, track: TrackName) -> Track:
    """Read how a track stands from its journal."""
    place = study.place(track)
    if not Path(place.directory).exists():
        return Track(tag=track.tag, arm=track.arm, seed=track.seed, why="not begun")
    refuse_other_settings(study, track)
    return read_track(track, entries(read_records(Path(place.directory))), study.plan.rounds)


def carry_out(study: Study, say: Callable[[str], None]) -> bool:
    """Begin or go on with every track that is not done; return whether Ctrl-C ended it."""
    tracks = study.tracks
    for number, track in enumerate(tracks, 1):
        found = look(study, track)
        if found.is_done:
            continue
        say(f"track {number} of {len(tracks)}: {track.tag} {'goes on' if found.begun else 'begins'}")
        was_interrupted = _run_track(study, track, found, say)
        found = look(study, track)
        if was_interrupted:
            return True
        if not found.is_done:
            mend = f"see `kernel-opt status --tag {track.tag}`; the same command goes on with it"
            raise KernelOptError(f"track {track.tag} has not come to its end: {found.why}", mend)
        say(f"  {_ended(found)}")
    return False


def _ended(track: Track) -> str:
    return f"{track.speed_up or 1:.2f}x after {track.rounds} rounds, {track.keeps} kept: {track.why}"


def _run_track(study: Study, track: TrackName, found: Track, say: Callable[[str], None]) -> bool:
    """Run the track's daemon in the foreground of ours until it ends; return whether Ctrl-C ended it."""
    place = study.place(track)
    pid = is_alive(place)
    if pid is not None:
        mend = f"wait for its end, or `kernel-opt stop --tag {track.tag}`"
        raise KernelOptError(f"run {track.tag} has a live daemon already (pid {pid})", mend)
    settings = leave_settings(study, track)
    words = ["--tag", track.tag, "--repo", str(study.repository), "--foreground"]
    if Path(place.directory).exists():
        words += ["--resume", "--max-rounds", str(max(1, study.plan.rounds - found.begun))]
    else:
        refuse_other_base(study)
        words += ["--config", str(settings)]
    said = own_folder(study) / f"{track.tag}.out"
    with said.open("wb") as out:
        # In a group of its own: Ctrl-C reaches it once, through us.
        child = subprocess.Popen(
            [sys.executable, "-m", "kernel_opt.cli.main", "start", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=out,
            process_group=0,
        )
        was_interrupted = _await(child, say)
    if child.returncode and not was_interrupted:
        lines = said.read_bytes()[-_SAID_BYTES:].decode(errors="replace").strip().splitlines()
        last = lines[-1].removeprefix("kernel-opt: ") if lines else f"exit code {child.returncode}"
        raise KernelOptError(f"track {track.tag}: {last}")
    return was_interrupted


def _await(child: subprocess.Popen[bytes], say: Callable[[str], None]) -> bool:
    """Wait for the child's end; what ends a command is handed on to it: once in order, twice at once."""
    interrupts: list[int] = []

    def hand_on(_number: int, _frame: FrameType | None) -> None:
        interrupts.append(1)
        if len(interrupts) == 1:
            child.send_signal(signal.SIGINT)
            say("ending the track after its current step; Ctrl-C again ends what runs")
        else:
            # Two of one kind are one to a process that has not yet looked at the first.
            child.send_signal(signal.SIGTERM)
            say("ending what runs")

    with hear_ending(hand_on):
        child.wait()
    return bool(interrupts)
