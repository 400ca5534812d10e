"""What a refusal means, in words for who proposed it: what was seen, and what must be otherwise next time."""

from kernel_opt.model.state import Tally

MEANINGS: dict[str, str] = {
    "protected-path": "the benchmark, what it imports, and whatever changes how programs start are not yours to edit",
    "shadowed-module": "a new file must not take the place of a module that others import",
    "not-a-plain-file": "an edit is plain files: no links, no submodules",
    "tampered-files": "a run may read the tree it runs in, not change it",
    "benchmark tampered or incomplete": "the table must hold the same configs, in the same order, each once",
    "printed-summary": "what the benchmark prints and what it writes must be the same times",
    "control-values": "numbers of the untouched control changed, which your code must not touch",
    "control-channel": "the untouched control ran otherwise beside your code: leave clocks and timers alone",
    "skipped-calls": "every call of the benchmark must launch the kernel and do the whole work",
    "uneven-calls": "every call must do the same work: nothing may be remembered from the calls before",
    "script-below-trace": "the script's time is below the kernel's: work must end inside the call that asked for it",
    "dispatch-ids": "launches are missing from the trace: leave the tracer alone",
    "launch-ways": "launches belong to the benchmark's own process, and a call ends before the next one begins",
    "compiled-figures": "what is launched must be the code that was compiled, within what the device has",
    "other-work": "the work went to other kernels or copies within the call: it must become less, not move",
    "idle-between-calls": "the device waits while somebody else does the work: the kernel must do it",
    "same-code": "built anew it is another program than the one that was kept",
    "spread-of-work": "few launches did the work of all: every call must do its own",
    "plain-against-traced": "it runs otherwise when it is traced: code must not look for who is watching",
    "physics-floor": "no hardware can read or compute that much in that time: work was left out",
    "precision-ratchet": "too much precision was given up, counted from the kernel as found",
    "disguised": "it must be as right and as fast with other data and when the script has another name",
    "held-out": "it must be right, and not slower, on problems that the benchmark does not show",
    "alone": "the same data must give the same numbers, whatever ran before it",
    "poison": "with NaN in its outputs and inputs that change between calls, an answer was wrong",
    "blind": "it must be as fast where no answer lies in memory: an answer must be computed, not found",
    "outside-clock": "by the clock on the wall it is not as fast as it says: no clock or trace is yours to change",
    "system-calls": "a kernel needs no files, programs or connections that best does not need",
}


REFUSALS = 3
"""Of one proposer in a row: one may be a slip, three mean that it does not understand its rules."""


def refusals_of(tally: Tally, proposer: str) -> int:
    """Return how many proposals of one proposer were refused in a row."""
    return dict(tally.refused).get(proposer, 0)


def loud_refusals(tally: Tally) -> tuple[tuple[str, int], ...]:
    """Return who was refused so often in a row that a person should look."""
    return tuple((name or "the proposer", count) for name, count in tally.refused if count >= REFUSALS)


def meaning_of(why: str) -> str:
    """Return what a refusal told as ``rule: evidence`` means; empty for a rule that says it all."""
    return MEANINGS.get(why.partition(":")[0].strip(), "")
