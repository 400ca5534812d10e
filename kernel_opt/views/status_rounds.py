"""The rounds so far and what they cost, as the status screen shows them."""

from kernel_opt.views.format import agent_cost_text, clean, count, duration, gain_text
from kernel_opt.views.status import Shot
from kernel_opt.views.status_rows import block, row
from kernel_opt.views.terminal import Terminal

_MOST_AGENTS = 3  # that a screen bears
_ENDINGS = {"kept": "good", "given up": "warn", "regression": "warn", "infrastructure": "bad"}


def round_rows(shot: Shot, terminal: Terminal) -> list[str]:
    """Return how many ended how, the regressions in a row, and the last five verdicts."""
    counts = ", ".join(f"{number} {ending}" for ending, number in shot["endings"].items()) or "none is over yet"
    lines = block(terminal, "rounds", counts)
    if shot["regressions_in_a_row"]:
        limit = f", {shot['regressions_limit']} end the run" if shot["regressions_limit"] else ""
        text = f"{count(shot['regressions_in_a_row'], 'regression')} in a row{limit}"
        lines.append(row(terminal, "", (text, "warn")))
    lines += _predicted(shot.get("predictions"), terminal)
    for number, one in enumerate(reversed(shot["recent"])):
        gain = "" if one["gain_pct"] is None else gain_text(one["gain_pct"], one.get("uncertainty_pct"))
        word = "given up" if one.get("is_given_up") else one["ending"]
        ending = (f"{word:12} ", _ENDINGS.get(word, ""))
        text = f"{gain:>13}  {clean(one['sentence'] or one['why'])}"
        lines.append(row(terminal, "" if number else "last", f"{one['round']:>4} ", ending, text))
    return lines


def _predicted(found: Shot | None, terminal: Terminal) -> list[str]:
    """Say what predictions were worth, once one was measured; a status of an older daemon does not tell."""
    if found is None or not found["confirmed"] + found["refuted"] + found["inconclusive"]:
        return []
    text = f"{found['confirmed']} confirmed, {found['refuted']} refuted, {found['inconclusive']} inconclusive"
    if found["factor"] is not None:
        text += f"; measured is {found['factor']:g} times predicted"
    return [row(terminal, "claims", text)]


def spent_rows(shot: Shot, terminal: Terminal) -> list[str]:
    """Return what was used up; what nobody told is said as not recorded, never as nothing."""
    spent = shot["spent"]
    agent = agent_cost_text(spent["agent_tokens"], spent["cost_usd"])
    lines = block(terminal, "spent", f"{duration(spent['gpu_s'])} of GPU time, {agent}")
    agents = spent.get("agents", [])
    if len(agents) > 1:  # one alone has all the rounds
        lines += [row(terminal, "", _agent(one)) for one in agents[:_MOST_AGENTS]]
    return lines


def _agent(one: Shot) -> str:
    """Say what one agent with one model won, and what that cost."""
    name = clean(f"{one['agent']} {one['model']}".strip())
    cost = "money not recorded" if one["cost_usd"] is None else f"{one['cost_usd']:.2f} USD"
    return f"{name}: {one['keeps']} kept of {count(one['rounds'], 'round')}, {cost}"
