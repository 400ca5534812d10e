"""The tables of what was played, as they stand in the documentation."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.cheats.defences import ALL
from tests.cheats.ground import Played
from tests.cheats.mutation import show_need
from tests.cheats.page import Page
from tests.cheats.peel import ENOUGH, Player, defenders, kinds, peel

ROWS = 41
FORMAL = dict.fromkeys(("odd-name", "file-too-large"), "bounds what is stored and shown; no figure hangs on it")
BEGIN, END = "<!-- played: begin -->", "<!-- played: end -->"


def whole_table(find: Player, cheats: Sequence[Page], honest: Sequence[Page], *, partly: bool = False) -> str | None:
    """Return all tables; None as long as something was not played, unless that is to be shown as such."""
    looks = {page.name: peel(find, page) for page in cheats if not page.stored}
    looks = {name: played for name, played in looks.items() if _is_whole(played)}
    is_all = len(looks) == sum(not page.stored for page in cheats) and all(find(page) for page in honest)
    if not is_all and not partly:
        return None
    needs = {check: show_need(find, [page for page in cheats if not page.stored], check) for check in ALL}
    parts = (
        _summary(cheats, looks),
        _cheat_table(cheats, looks),
        _need_table(needs, is_all=is_all),
        _honest_text(find, honest),
    )
    return "\n\n".join(parts)


def write_into(path: Path, table: str) -> None:
    """Put the tables between the marks of a document."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{path} has no marks for the tables"
    path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def _is_whole(looks: Sequence[Played]) -> bool:
    if not looks or len(kinds(looks)) >= ENOUGH:
        return bool(looks)
    return looks[-1].rule not in ALL or looks[-1].rule in looks[-1].unheeded


def _summary(cheats: Sequence[Page], looks: dict[str, tuple[Played, ...]]) -> str:
    rows = {page.row for page in cheats if page.row <= ROWS}
    of_row = {row: [looks.get(page.name) for page in cheats if page.row == row] for row in rows}
    caught = [row for row, all_looks in of_row.items() if all(one and _is_caught(one) for one in all_looks)]
    twice = [row for row in caught if any(one and len(kinds(one)) > 1 for one in of_row[row])]
    more = [page for page in cheats if page.row > ROWS]
    stopped = [page for page in more if page.name in looks and _is_caught(looks[page.name])]
    two = [page for page in stopped if len(kinds(looks[page.name])) > 1]
    return (
        f"**Caught {len(caught)}/{ROWS}** rows of the catalogue, **{len(twice)}/{ROWS}** by two or more independent "
        f"kinds of defence. Of {len(more)} further cheats {len(stopped)} were caught, {len(two)} by two or more kinds."
    )


def _is_caught(looks: Sequence[Played]) -> bool:
    """A fault of the machine is nobody's catch."""
    return looks[0].is_told and not looks[0].got_through


def _cheat_table(cheats: Sequence[Page], looks: dict[str, tuple[Played, ...]]) -> str:
    lines = ["| cheat | caught by; without that by | then | kinds |", "| --- | --- | --- | --- |"]
    for page in cheats:
        name = page.name.replace("_", " ") + (" (scripted)" if page.target == "flydsl" else "")
        if page.stored or page.name not in looks:
            lines.append(f"| {name} | not played{f': {page.stored}' if page.stored else ' yet'} | | |")
            continue
        played = looks[page.name]
        chain = defenders(played)
        then = "gets through" if played[-1].got_through else "" if played[-1].rule else "nothing is gained"
        note = f"; {page.single}" if page.single and len(kinds(played)) < ENOUGH else ""
        lines.append(f"| {name} | {', '.join(chain) or '**nobody**'} | {then}{note} | {len(kinds(played))} |")
    return "\n".join(lines)


def _need_table(needs: dict[str, str], *, is_all: bool) -> str:
    lines = ["| check switched off | what that lets through |", "| --- | --- |"]
    none = "**nothing**" if is_all else "not shown yet"
    return "\n".join([*lines, *(f"| {check} | {FORMAL.get(check) or need or none} |" for check, need in needs.items())])


def _honest_text(find: Player, honest: Sequence[Page]) -> str:
    played = {page.name: found for page in honest if (found := find(page)) is not None}
    refused = [name for name, one in played.items() if one.rule]
    endings = Counter(one.ending for one in played.values())
    told = ", ".join(f"{count} {ending}" for ending, count in endings.most_common())
    names = f" ({', '.join(refused)})" if refused else ""
    return f"**Honest patches: {len(refused)} of {len(played)} played refused**{names}; {len(honest)} are told: {told}."
