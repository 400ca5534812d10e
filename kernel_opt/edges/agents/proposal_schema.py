"""The proposal's JSON schema, made from its model, in the strict form that every agent's server takes."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import msgspec

from kernel_opt.edges.agents.proposal_file import Proposal

_OURS = ("usage",)  # what a call has cost is told by its events
_KEPT = ("type", "enum", "anyOf", "items")


@cache
def proposal_schema() -> dict[str, Any]:
    """Return a schema without references in which every property is required and no other is allowed."""
    schema = msgspec.json.schema(Proposal)
    return _strict(schema, schema["$defs"])


def _strict(part: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        return _strict(defs[str(part["$ref"]).rpartition("/")[2]], defs)
    found = {key: value for key, value in part.items() if key in _KEPT}
    if "enum" in found:
        found["type"] = "string"
    if "anyOf" in found:
        found["anyOf"] = [_strict(one, defs) for one in found["anyOf"]]
    if isinstance(found.get("items"), dict):
        found["items"] = _strict(cast("dict[str, Any]", found["items"]), defs)
    if "properties" in part:
        properties = {name: _strict(one, defs) for name, one in part["properties"].items() if name not in _OURS}
        found |= {"properties": properties, "required": list(properties), "additionalProperties": False}
    return found
