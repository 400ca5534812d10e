"""Facts as JSON and back. An old journal must load for ever: what changed since is mended here, by schema."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from kernel_opt.journal.book import Record
from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Entry, Fact

SCHEMA = 1

FACTS: tuple[type[Fact], ...] = (
    f.RunStarted, f.DaemonStarted, f.StopAsked, f.Paused, f.Unpaused, f.NoIdleGpu, f.Waited, f.Disturbed, f.Faulted,
    f.ProposerAway, f.Benched, f.BenchedWrong, f.Broke, f.Measured, f.Traced, f.Judged, f.NoiseJudged,
    f.HeadlineJudged, f.StopPlanned, f.Stopped, r.RoundOpened, r.Proposed, r.GaveNothing, r.Edited, r.Checked,
    r.Refused, r.Formatted, r.FormatFailed, r.Sealed, r.BaselineKept, r.Kept, r.Dropped,
    r.Rechecked, r.RolledBack, r.Explained, r.Rebased,
)  # fmt: skip

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {kind.__name__: msgspec.json.Decoder(kind) for kind in FACTS}
_ENCODER = msgspec.json.Encoder()


def to_record(entry: Entry) -> Record:
    """Turn an entry into what the journal stores; its seq is given by the journal."""
    return Record(
        seq=0,
        round=entry.round,
        kind=type(entry.fact).__name__,
        at_s=entry.at_s,
        boot_id=entry.boot_id,
        boottime_s=entry.boottime_s,
        body=_ENCODER.encode(entry.fact),
        schema=SCHEMA,
    )


def to_entry(record: Record) -> Entry:
    """Turn a stored record back into an entry; a newer or unknown one is refused, never guessed at."""
    decoder = _DECODERS.get(record.kind)
    if decoder is None or record.schema > SCHEMA:
        raise ReadFailedError(
            f"journal record {record.seq} is a {record.kind} of schema {record.schema}, unknown to this version",
            "use the newer kernel-opt that wrote it",
        )
    try:
        fact = decoder.decode(record.body)
    except (ValueError, RecursionError) as error:  # ValueError: what msgspec raises, and text that is no UTF-8
        raise ReadFailedError(f"journal record {record.seq} ({record.kind}) cannot be read: {error}") from error
    return Entry(
        seq=record.seq,
        round=record.round,
        at_s=record.at_s,
        boottime_s=record.boottime_s,
        boot_id=record.boot_id,
        fact=fact,
    )


def entries(records: Iterable[Record]) -> Iterator[Entry]:
    """Decode records one by one, so that a long journal never lies in memory whole."""
    return map(to_entry, records)
