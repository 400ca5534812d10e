"""The defences by name, and which of them stand or fall together."""

KINDS: dict[str, tuple[str, ...]] = {
    "edit rules": (
        "protected-path", "shadowed-module", "not-allowed-path", "not-a-plain-file", "odd-name", "file-too-large",
    ),
    "table": ("benchmark tampered or incomplete", "printed-summary", "control-values"),
    "calls in the trace": ("skipped-calls", "uneven-calls", "spread-of-work", "dispatch-ids"),
    "ways in the trace": ("launch-ways", "compiled-figures"),
    "work beside the target": ("other-work", "idle-between-calls"),
    "two clocks": ("script-below-trace", "plain-against-traced", "control-channel"),
    "protected files": ("tampered-files",),
    "physics": ("physics-floor",),
    "precision": ("precision-ratchet",),
    "other data and names": ("disguised", "held-out", "alone"),
    "poison": ("poison",),
    "no answer in sight": ("blind",),
    "a clock outside": ("outside-clock",),
    "system calls": ("system-calls",),
}  # fmt: skip
"""Kinds of checks: two of one kind look at the same thing, two of different kinds are independent."""

ALL = tuple(name for names in KINDS.values() for name in names)
OWN_ENDINGS = {
    "wrong": "the benchmark's own check", "tie": "GPU time decides", "regression": "GPU time decides",
    "unclear": "GPU time decides",
    "format-lost": "GPU time decides", "failed": "it does not run", "unused": "nothing changed in what ran",
    "infrastructure": "no result",
}  # fmt: skip
"""Who kept a patch out that no check refused."""


def kind_of(check: str) -> str:
    """Return the kind of a check."""
    return next((kind for kind, names in KINDS.items() if check in names), check)
