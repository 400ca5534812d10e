"""What a person has to do about a run, if anything. Imports no model: `status` must start at once."""

from typing import Any, NamedTuple

from kernel_opt.views.format import clean
from kernel_opt.views.status import Seen, Shot, word_of

SLOW_TIMES, SLOW_S = 5.0, 900.0
"""A step that takes five times as long as it ever does, and a quarter of an hour more, may hang."""
OLD_FACT_S = 6 * 3600.0
"""No step takes this long, also where this run has not done it before."""
_MACHINE = "`kernel-opt doctor` and `kernel-opt gpus` tell what is wrong; the run tries again by itself"


class Advice(NamedTuple):
    """What to do, and whether something is wrong."""

    text: str
    is_wrong: bool = True


def advise(seen: Seen, now_s: float) -> list[Advice]:
    """Say what a person has to do, most pressing first; nothing for a run that is well."""
    word, shot = word_of(seen), seen.shot
    resume = f"`kernel-opt start --tag {seen.tag} --resume`"
    if word == "broken":
        return [Advice(seen.problem)]
    if word == "dead":
        where = f"daemon.log and daemon.out in {seen.directory} tell why it ended"
        return [Advice(f"no daemon is at work: {resume} goes on from the last fact; {where}"), *_disk(seen)]
    if shot is None:
        return []
    if word == "stopped":
        return [Advice(_after_stop(shot, resume), is_wrong=False)]
    found = [*_disk(seen), *_hold(shot), *_refused(seen, shot), *_overdue(seen, shot, now_s)]
    if word == "paused":
        found.append(Advice(f"`kernel-opt resume --tag {seen.tag}` goes on", is_wrong=False))
    return found


def _after_stop(shot: Shot, resume: str) -> str:
    if shot.get("blocked"):
        return f"mend that first, then {resume} goes on"
    if shot["best_round"]:
        return f"`git log {shot['branch']}` has what was kept; {resume} goes on"
    return f"{resume} goes on"


def is_disk_low(seen: Seen) -> bool:
    """Say whether less room is left than a round needs."""
    wanted_mb = seen.shot.get("min_free_mb", 0.0) if seen.shot else 0.0
    return seen.disk_free_mb is not None and seen.disk_free_mb < wanted_mb


def _disk(seen: Seen) -> list[Advice]:
    if not is_disk_low(seen) or seen.shot is None:
        return []
    wanted_mb = seen.shot["min_free_mb"]
    return [
        Advice(f"free some room: {seen.disk_free_mb:.0f} MB left in {seen.directory}, a round needs {wanted_mb:.0f} MB")
    ]


def _refused(seen: Seen, shot: Shot) -> list[Advice]:
    """Say who proposes what may not be kept again and again; a status of an older daemon does not tell."""
    return [
        Advice(f"{clean(name)}: its last {count} proposals were refused; `kernel-opt show --tag {seen.tag}` tells why")
        for name, count in shot.get("refused", ())
    ]


def _hold(shot: Shot) -> list[Advice]:
    """Say what helps against what is in the way; a busy card is nobody's to mend."""
    hold: dict[str, Any] | None = shot["hold"]
    if shot.get("blocked"):
        return [Advice(f"only a person can mend this: {shot['blocked']}")]
    if hold is None or hold["cause"] in {"gpu", "disk-full", "budget"}:
        return []
    if hold["cause"] == "proposer":
        name = shot.get("agent", {}).get("name", "the agent")
        told = f"see that the agent ({name}) can be reached and has not used up its limit"
        return [Advice(f"{told}; the run tries again by itself")]
    if hold["cause"] == "disturbed":
        return [Advice("somebody else keeps using the card; a card of its own would help")]
    return [Advice(_MACHINE)]


def is_overdue(seen: Seen, now_s: float) -> bool:
    """Say whether the step takes far longer than it ever did, or longer than any step takes."""
    if seen.shot is None or seen.last_fact_s is None or word_of(seen) not in {"running", "starting", "stopping"}:
        return False
    passed_s, usual_s = now_s - seen.last_fact_s, seen.shot["step"].get("expected_s")
    return passed_s > (OLD_FACT_S if usual_s is None else min(OLD_FACT_S, SLOW_TIMES * usual_s + SLOW_S))


def _overdue(seen: Seen, shot: Shot, now_s: float) -> list[Advice]:
    if not is_overdue(seen, now_s):
        return []
    return [Advice(f"{shot['step']['text']} takes far longer than usual: see `kernel-opt logs --tag {seen.tag}`")]


def record_of(seen: Seen, now_s: float) -> dict[str, Any]:
    """Return what `status --json` says of a run: the snapshot, and what only an onlooker knows."""
    outside = {
        "tag": seen.tag,
        "directory": seen.directory,
        "state": word_of(seen),
        "pid": seen.pid,
        "last_fact_s": seen.last_fact_s,
        "disk_free_mb": seen.disk_free_mb,
        "queue": list(seen.queue),
        "advice": "; ".join(one.text for one in advise(seen, now_s)),
        "problem": seen.problem,
    }
    return {**(seen.shot or {}), **outside}
