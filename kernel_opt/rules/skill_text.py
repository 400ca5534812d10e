"""The head of a SKILL.md, read and checked against the public specification of skills."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

LONGEST_NAME, LONGEST_DESCRIPTION, LONGEST_COMPATIBILITY = 64, 1024, 500
MOST_LINES = 500  # of the body: it is read into the context of whoever uses it
KNOWN = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_FIELD = re.compile(r"^([A-Za-z][\w-]*):(?:[ \t]+(.*))?$")
_BLOCK = re.compile(r"^[>|][+-]?$")


class SkillText(Struct, frozen=True, kw_only=True):
    """What a SKILL.md says of itself."""

    fields: Mapping[str, str]
    body: str

    @property
    def name(self) -> str:
        """What it is called; empty when it does not say."""
        return self.fields.get("name", "")

    @property
    def description(self) -> str:
        """What it is for, and when."""
        return self.fields.get("description", "")


def read_skill_text(text: str) -> SkillText | None:
    """Return head and body of a SKILL.md; None when it has no head."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return None
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        return None
    return SkillText(fields=_read_fields(lines[1:end]), body="\n".join(lines[end + 1 :]))


def _read_fields(lines: Sequence[str]) -> dict[str, str]:
    """Read fields at the margin; what is indented below one belongs to it and is folded into one line."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        found = _FIELD.match(line)
        if found:
            name, first = found[1], (found[2] or "").strip()
            fields[name] = "" if _BLOCK.match(first) else _unquoted(first)
        elif name and line.startswith((" ", "\t", "-")):
            fields[name] = f"{fields[name]} {line.strip()}".strip()
    return fields


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def find_problems(folder: str, text: str) -> tuple[str, ...]:
    """Return what the specification says against a SKILL.md that stands in a folder of this name."""
    skill = read_skill_text(text)
    if skill is None:
        return ("it does not begin with a head between two lines of ---",)
    found = [f"unknown field {name!r}" for name in skill.fields if name not in KNOWN]
    if not _NAME.fullmatch(skill.name) or len(skill.name) > LONGEST_NAME:
        found.append(f"name {skill.name!r} is not 1 to {LONGEST_NAME} lower-case letters, digits and single hyphens")
    if skill.name != folder:
        found.append(f"name {skill.name!r} is not that of its folder, {folder!r}")
    if not 0 < len(skill.description) <= LONGEST_DESCRIPTION:
        found.append(f"the description has {len(skill.description)} characters, not 1 to {LONGEST_DESCRIPTION}")
    if len(skill.fields.get("compatibility", "")) > LONGEST_COMPATIBILITY:
        found.append(f"compatibility has more than {LONGEST_COMPATIBILITY} characters")
    if len(skill.body.splitlines()) > MOST_LINES:
        found.append(f"the body has more than {MOST_LINES} lines")
    return tuple(found)
