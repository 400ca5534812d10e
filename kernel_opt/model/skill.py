"""A skill: instructions that an agent reads when it needs them."""

from msgspec import Struct


class SkillNote(Struct, frozen=True, kw_only=True):
    """What a skill is called, what it is for, and where it can be read."""

    name: str
    about: str
    path: str
    """Of its SKILL.md."""
