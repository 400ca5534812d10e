"""What docs/status-json.md promises is what `status --json` prints, key by key."""

import json
import re
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import msgspec

from kernel_opt.views.snapshot_nouns import Snapshot
from kernel_opt.views.status_advice import record_of
from tests.views import canned, recorded
from tests.views.journals import JOURNALS

DOC = Path(__file__).parents[2] / "docs" / "status-json.md"
OPEN = {"endings", "detectable_pct"}
"""Objects whose keys are names of the run's own."""


def documented() -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", DOC.read_text(encoding="utf-8"), re.MULTILINE)


def struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that a field holds, alone, in a tuple, or where it may also be None."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    parts = get_args(kind) if isinstance(kind, UnionType) or get_args(kind) else ()
    return next((found for part in parts if (found := struct_in(part))), None)


def keys_of(kind: type[msgspec.Struct], before: str = "") -> set[str]:
    keys: set[str] = set()
    for name, hint in get_type_hints(kind).items():
        keys.add(before + name)
        inner = struct_in(hint)
        if inner is not None:
            keys |= keys_of(inner, f"{before}{name}{'[]' if 'tuple' in str(hint) else ''}.")
    return keys


def keys_in(value: Any, before: str = "") -> set[str]:
    """Return the dotted keys of printed JSON."""
    if isinstance(value, list):
        return {key for one in value for key in keys_in(one, f"{before}[]")}
    if not isinstance(value, dict):
        return set()
    keys: set[str] = set()
    for name, inner in value.items():
        path = f"{before}.{name}" if before else name
        keys |= {path} | (keys_in(inner, path) if name not in OPEN else set())
    return keys


def test_every_key_is_documented_and_every_documented_key_is_there():
    """A key that is not described is no promise; one that is described must be printed."""
    outside = set(record_of(recorded.seen_of(canned.fresh())._replace(shot=None), 0.0))
    assert set(documented()) == keys_of(Snapshot) | outside
    assert len(documented()) == len(set(documented()))


def test_what_is_printed_has_no_other_keys():
    """Over all canned journals, every described key is seen, and no other."""
    seen: set[str] = set()
    for name in JOURNALS:
        seen |= keys_in(json.loads(json.dumps(record_of(recorded.seen_of(JOURNALS[name]()), 0.0))))
    assert seen == set(documented())


def test_the_document_names_what_an_unreadable_run_has():
    """A script can rely on these few keys whatever happened."""
    broken = recorded.seen_of(canned.fresh())._replace(shot=None, problem="cannot be read")
    text = DOC.read_text(encoding="utf-8").partition("has only ")[2].partition(";")[0]
    assert set(record_of(broken, 0.0)) == set(re.findall("`([a-z_]+)`", text))
