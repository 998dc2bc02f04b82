"""Records of the embeddings topic into what the model takes, and its answers into records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from topicstream.stream.records import Output, Record
from topicstream.workers.messages import (
    NULL,
    VERSION,
    Assignment,
    DriftRecord,
    EmbeddedDocument,
    EvidenceRecord,
    Refused,
    TopicRecord,
    place,
    rfc3339,
    to_json,
)
from topicstream.workers.names import TopicNames

if TYPE_CHECKING:
    from topicstream.model.events import DriftEvent
    from topicstream.model.online import Step
    from topicstream.model.topics import Topic

_decode = msgspec.msgpack.Decoder(EmbeddedDocument).decode


@dataclass(frozen=True, slots=True)
class Documents:
    """The sound documents of one batch, and the records that were refused.

    Parameters
    ----------
    records
        Where the documents came from, one for each of `items`.
    items
        The documents.
    embeddings
        Their vectors, shape (n, n_dimensions).
    refused
        Records that are no documents, each with the reason.

    """

    records: list[Record]
    items: list[EmbeddedDocument]
    embeddings: NDArray[np.float32]
    refused: list[tuple[Record, Refused]]


def decode_batch(records: Sequence[Record], n_dimensions: int | None) -> Documents:
    """Return the documents of a batch.

    Parameters
    ----------
    records
        Records of the embeddings topic.
    n_dimensions
        Width that vectors must have; None lets the first one decide.

    """
    pairs = [(record, _item(record)) for record in records]
    width = n_dimensions or next((_width(item) for _, item in pairs if _width(item)), 0)
    checked = [_right(item, width) for _, item in pairs]
    good = [isinstance(item, EmbeddedDocument) for item in checked]
    items = [item for item in checked if isinstance(item, EmbeddedDocument)]
    matrix, finite = _matrix(items, width)
    if not finite.all():
        items = list(compress(items, finite))
    kept = _spread(good, finite)
    refused = [
        (record, item if isinstance(item, Refused) else _NOT_FINITE)
        for record, item, keep in zip(records, checked, kept, strict=True)
        if not keep
    ]
    return Documents(list(compress(records, kept)), items, matrix[finite], refused)


_NOT_FINITE = Refused("bad_embedding", "the vector has numbers that are not finite")


def _item(record: Record) -> EmbeddedDocument | Refused:
    if record.value is None:
        return Refused("null_value", "the record has no value")
    try:
        item = _decode(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused("bad_embedding", f"not a document with its vector: {error}")
    if item.v != VERSION or len(item.vector) % 4 or not item.vector:
        return Refused("bad_embedding", f"version {item.v} with {len(item.vector)} vector bytes")
    return item


def _width(item: EmbeddedDocument | Refused) -> int:
    return 0 if isinstance(item, Refused) else len(item.vector) // 4


def _right(item: EmbeddedDocument | Refused, width: int) -> EmbeddedDocument | Refused:
    if isinstance(item, Refused) or len(item.vector) == 4 * width:
        return item
    return Refused(
        "wrong_dimensions", f"the vector has {len(item.vector) // 4} dimensions, not {width}"
    )


def _matrix(
    items: Sequence[EmbeddedDocument], width: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    content = b"".join([item.vector for item in items])
    matrix = np.frombuffer(content, dtype="<f4").reshape(len(items), width)
    return matrix, np.isfinite(matrix).all(axis=1)


def _spread(good: Sequence[bool], finite: NDArray[np.bool_]) -> list[bool]:
    verdicts = iter(finite.tolist())
    return [keep and next(verdicts) for keep in good]


def event_clock_ms(documents: Documents) -> int:
    """Return the newest time of a batch in milliseconds since 1970, 0 for an empty one.

    Event time, so that the same documents give the same state whenever they are processed. A
    document from the future counts as of when its record was written: one wrong date must not
    drag the clock of the whole feed.
    """
    pairs = zip(documents.items, documents.records, strict=True)
    times = (min(int(item.timestamp * 1000), record.timestamp_ms) for item, record in pairs)
    return max(times, default=0)


def assignments(
    documents: Documents, step: Step, labels: Mapping[int, str], names: TopicNames, n_parts: int
) -> list[Output]:
    """Return one record for each document: its answer."""
    outputs = []
    sequence = step.sequence
    answers = zip(
        documents.records,
        documents.items,
        step.topics.tolist(),
        step.strengths.tolist(),
        step.runners_up.tolist(),
        strict=True,
    )
    for record, item, topic, strength, runner_up in answers:
        answer = Assignment(
            VERSION,
            item.id,
            topic,
            labels.get(topic, str(topic)),
            round(strength, 6),
            runner_up,
            sequence,
            rfc3339(item.timestamp),
            _raw(item.source),
            _raw(item.class_),
            _raw(item.metadata),
        )
        outputs.append(
            Output(
                names.assignments,
                to_json(answer),
                item.id.encode(),
                record.partition % n_parts,
                (("src", place(record).encode()),),
            )
        )
    return outputs


def _raw(value: memoryview) -> msgspec.Raw:
    return NULL if bytes(value) == b"null" else msgspec.Raw(value)


def drift_record(event: DriftEvent, labels: Mapping[int, str]) -> bytes:
    """Return the record of one drift event, in JSON."""
    evidence = event.evidence
    found = EvidenceRecord(
        tuple(evidence.words_before),
        tuple(evidence.words_after),
        evidence.share_before,
        evidence.share_after,
        tuple(evidence.examples),
    )
    record = DriftRecord(
        VERSION,
        event.kind,
        event.topic,
        labels.get(event.topic, str(event.topic)),
        event.severity,
        event.score,
        event.threshold,
        (rfc3339(event.window[0]), rfc3339(event.window[1])),
        event.sequence,
        found,
        event.parents,
        event.children,
    )
    return to_json(record)


def topic_record(topic: Topic) -> bytes:
    """Return the record of one topic, in JSON."""
    record = TopicRecord(
        VERSION,
        topic.id,
        topic.label,
        tuple((word, round(weight, 6)) for word, weight in topic.words),
        topic.size,
        topic.share,
        rfc3339(topic.first_seen),
        rfc3339(topic.last_seen),
        topic.parents,
    )
    return to_json(record)
