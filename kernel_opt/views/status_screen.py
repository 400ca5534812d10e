"""One calm screen about a run. Imports no model: `status` must start at once."""

from kernel_opt.views.format import clean, duration, moment, width_of
from kernel_opt.views.status import COLOURS, Seen, Shot, word_of
from kernel_opt.views.status_advice import advise, is_disk_low, is_overdue
from kernel_opt.views.status_gain import best_rows, class_rows, limit_rows
from kernel_opt.views.status_rounds import round_rows, spent_rows
from kernel_opt.views.status_rows import block, row
from kernel_opt.views.terminal import Segment, Terminal

_WITHIN_ROUND = frozenset(
    {"Propose", "Check", "Amend", "Bench", "Measure", "Judge", "Format", "Recheck", "Seal", "Publish", "Drop", "Wait"}
)
_LONG = frozenset({"Propose", "Amend", "Bench", "Measure", "Profile", "Format", "Recheck", "Check"})
"""Steps that take long enough for somebody to wonder."""
_FEWEST_CLASSES, _MOST_CLASSES = 2, 8  # that a screen shows, however low or high it is
_WEAKEST = "S1"  # holds nothing but the amount: whoever runs foreign code so should know
_LINES = 24


def render_screen(seen: Seen, terminal: Terminal, now_s: float, lines: int = _LINES) -> list[str]:
    """Return the whole screen of one run; as many classes as leave room for the rest on so many lines."""
    word = word_of(seen)
    title = terminal.line((seen.tag, "strong"), "  ", (word, COLOURS.get(word, "")))
    advice = [line for one in advise(seen, now_s) for line in block(terminal, "to do", one.text, _alarm(one.is_wrong))]
    if seen.shot is None:
        return [title, *advice]
    shot = seen.shot
    place = terminal._replace(width=terminal.width - width_of(f"{seen.tag}  {word}")).line(_where(shot))
    queue = [row(terminal, "job", f"{clean(one['session'])}: {clean(one['text'])}") for one in seen.queue]
    now = [*_now(shot, word, terminal, now_s), *_lanes(shot, word, terminal, now_s), *queue]
    head = [title + place, *now, *advice, *best_rows(shot, terminal)]
    tail = [
        *limit_rows(shot, terminal),
        *round_rows(shot, terminal),
        *spent_rows(shot, terminal),
        *_host(shot, terminal),
        *_health(seen, word, terminal, now_s),
    ]
    room = lines - len(head) - len(tail) - 2  # the classes' own head, and a line that counts the others
    most = max(_FEWEST_CLASSES, min(_MOST_CLASSES, room))
    return [*head, *class_rows(shot, terminal, most), *tail]


def _alarm(is_wrong: bool) -> str:
    return "bad" if is_wrong else ""


def _where(shot: Shot) -> Segment:
    return f"   {clean(shot['repository'])}", "dim"


def _now(shot: Shot, word: str, terminal: Terminal, now_s: float) -> list[str]:
    step, hold, stop = shot["step"], shot["hold"], shot["stop"]
    since = duration(now_s - step["since_s"])
    if word == "stopped":
        return block(terminal, "stopped", f"{moment(step['since_s'])}: {stop['reason']}")
    if word == "waiting" and hold:
        until = f" until {moment(hold['until_s'])[-5:]}" if hold["until_s"] else ""
        return block(terminal, "waiting", f"for {since}{until}{_times(hold)}: {hold['why']}", "warn")
    if shot.get("lanes") and word != "dead":
        open_now = len(shot["lanes"])
        lines = block(terminal, "now", f"{open_now} rounds open, at most {shot['lanes_limit']} on a card at once")
        return lines + (block(terminal, "ending", stop["reason"], "warn") if stop else [])
    place = f"round {shot['round']}, " if shot.get("round_now") and step["name"] in _WITHIN_ROUND else ""
    if word == "dead":
        lines = block(terminal, "was", f"{place}{step['text']}, since {moment(step['since_s'])}")
    else:
        lines = block(terminal, "now", f"{place}{step['text']}")
        lines += block(terminal, "", f"for {since}{_usual(step)}{_round(shot, now_s)}")
    return lines + (block(terminal, "ending", stop["reason"], "warn") if stop else [])


def _lanes(shot: Shot, word: str, terminal: Terminal, now_s: float) -> list[str]:
    """Say what each of several open rounds does; of a run that has ended nothing is going on."""
    lines: list[str] = []
    for one in shot.get("lanes", ()) if word in {"running", "waiting", "paused", "stopping"} else ():
        where = f" on {clean(one['card'])}" if one["card"] else ""
        behind = ", on an older best" if one["is_behind"] else ""
        text = f"round {one['round']}: {clean(one['text'])}{where}{behind}, for {duration(now_s - one['since_s'])}"
        meaning = "dim" if one["is_waiting"] else ""
        lines.append(row(terminal, f"lane {one['lane']}", (text, meaning)))
    return lines


def _usual(clock: Shot) -> str:
    """Say how long it usually takes; that this run cannot know it yet is said too, where one may wonder."""
    if clock.get("expected_s") is not None:
        return f" (usually {duration(clock['expected_s'])})"
    return " (usual time unknown yet)" if clock.get("name", "") in _LONG else ""


def _round(shot: Shot, now_s: float) -> str:
    """Say how long the open round has lasted."""
    clock = shot.get("round_now")
    if not clock:
        return ""
    waited = f", {duration(clock['waited_s'])} of it waiting" if clock["waited_s"] >= 1 else ""
    return f"; round for {duration(now_s - clock['since_s'])}{waited}{_usual({**clock, 'name': 'Propose'})}"


def _times(hold: Shot) -> str:
    """Say what is counted: looks for a card, or tries of a step."""
    if hold["cause"] == "budget":
        return ""
    most = f" of {hold['most_times']}" if hold.get("most_times") else ""
    return f" ({'look' if hold['cause'] == 'gpu' else 'try'} {hold['times']}{most})"


def _host(shot: Shot, terminal: Terminal) -> list[str]:
    """Say where it is measured, and how what runs there is held."""
    card = clean(shot.get("card", "")) or "none yet"
    meaning = "warn" if shot.get("sandbox") == _WEAKEST else ""
    sandbox = clean(shot.get("sandbox_text", "unknown"))
    return [row(terminal, "card", card), row(terminal, "sandbox", (sandbox, meaning))]


def _health(seen: Seen, word: str, terminal: Terminal, now_s: float) -> list[str]:
    """Say whether it lives: the daemon, its last fact, the disk, the agent."""
    if seen.last_fact_s is None or word == "stopped" or seen.shot is None:
        return []
    daemon = f"daemon {seen.pid}" if seen.pid else "daemon alive" if seen.pid == 0 else "no daemon"
    is_odd = word == "dead" or is_overdue(seen, now_s)
    alive = f"{daemon}, last fact {duration(now_s - seen.last_fact_s)} ago"
    free = "free disk unknown" if seen.disk_free_mb is None else f"{_room(seen.disk_free_mb)} of disk free"
    parts: list[Segment | str] = [(alive, "bad" if is_odd else ""), ", ", (free, "bad" if is_disk_low(seen) else "")]
    return [row(terminal, "health", *parts), *_agent(seen.shot, terminal, now_s)]


def _room(free_mb: float) -> str:
    return f"{free_mb / 1000:.0f} GB" if free_mb >= 10_000 else f"{free_mb / 1000:.1f} GB"


def _agent(shot: Shot, terminal: Terminal, now_s: float) -> list[str]:
    agent = shot.get("agent")
    if not agent:
        return []
    if agent["away_why"]:
        return block(terminal, "", f"agent ({agent['name']}) is away: {agent['away_why']}", "warn")
    answered = agent["answered_s"]
    last = "was not asked yet" if answered is None else f"last answered {duration(now_s - answered)} ago"
    return [row(terminal, "", f"agent ({clean(agent['name'])}) {last}")]
