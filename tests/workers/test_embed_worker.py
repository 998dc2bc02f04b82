from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.workers.crash_lab import HashEmbedder
from topicstream.model.backend.precomputed import PrecomputedEmbedder
from topicstream.stream import failpoints
from topicstream.stream.errors import CommitError, TopicError
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output, Record
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.messages import EmbeddedDocument
from topicstream.workers.names import TopicNames

NAMES = TopicNames()


def log_with(*values: bytes | None, n_partitions: int = 1) -> MemoryLog:
    log = MemoryLog()
    log.create_topics(NAMES.specs(n_partitions))
    outputs = [
        Output(NAMES.documents, value, partition=i % n_partitions) for i, value in enumerate(values)
    ]
    log.writer("feed").commit(outputs, {}, group="feed")
    return log


def read(log: MemoryLog, topic: str) -> list[Record]:
    return log.reader(log.beginning_offsets(log.partitions(topic))).poll(1_000, 0.0)


def embedded(log: MemoryLog) -> list[EmbeddedDocument]:
    records = read(log, NAMES.embeddings)
    return [msgspec.msgpack.decode(r.value or b"", type=EmbeddedDocument) for r in records]


def letters(log: MemoryLog) -> list[dict[str, Any]]:
    return [json.loads(r.value or b"") for r in read(log, NAMES.deadletter)]


def run(log: MemoryLog, embedder: Any = None, **options: int) -> int:
    worker = EmbedWorker(log, embedder or HashEmbedder(), NAMES, member="one", **options)
    n_records = 0
    while n := worker.step(0.0):
        n_records += n
    worker.close()
    return n_records


def own(numbers: str) -> bytes:
    return b'{"text": "a", "embedding": %b}' % numbers.encode()


def test_documents_get_their_vectors_in_order_and_keep_their_fields() -> None:
    log = log_with(
        b'{"text": "hockey match", "id": "a", "timestamp": 5, "class": "sport"}',
        b'{"text": "space flight", "id": "b"}',
    )
    assert run(log) == 2
    first, second = embedded(log)
    assert (first.id, first.text, first.timestamp, second.id) == ("a", "hockey match", 5.0, "b")
    assert bytes(first.class_) == b'"sport"'
    wanted = HashEmbedder().embed(["hockey match", "space flight"])
    assert bytes(first.vector) + bytes(second.vector) == wanted.tobytes()


def test_poison_is_put_aside_once_and_its_neighbours_are_untouched() -> None:
    log = log_with(
        b'{"text": "one"}',
        b"\xff",
        None,
        b'{"text": ""}',
        b"{",
        own("[0, 0]"),
        own("[]"),
        b'{"text": "%b"}' % (b"x" * 5_000),
        b'{"text": "two"}',
    )
    assert run(log, max_document_bytes=2_000) == 9
    assert run(log) == 0
    assert [item.text for item in embedded(log)] == ["one", "two"]
    found = {letter["source"]: letter["reason"] for letter in letters(log)}
    assert found == {
        "documents/0/1": "invalid_utf8",
        "documents/0/2": "null_value",
        "documents/0/3": "empty_text",
        "documents/0/4": "invalid_json",
        "documents/0/5": "wrong_dimensions",
        "documents/0/6": "wrong_dimensions",
        "documents/0/7": "too_large",
    }
    assert len(letters(log)) == 7


def test_what_is_too_large_is_kept_in_part_only() -> None:
    log = log_with(b'{"text": "%b"}' % (b"x" * 5_000))
    run(log, max_document_bytes=2_000)
    (letter,) = letters(log)
    assert (len(letter["payload"]), letter["n_bytes"], letter["truncated"]) == (1_000, 5_012, True)


def test_a_payload_that_is_no_text_travels_as_base64() -> None:
    log = log_with(b"\xff\x00")
    run(log)
    assert (letters(log)[0]["payload"], letters(log)[0]["encoding"]) == ("/wA=", "base64")


def test_own_vectors_are_kept_at_unit_length() -> None:
    log = log_with(own("[3, 4]"), own("[0, 0]"), own("[1e300, 1]"), own("[1, 2, 3]"), own("[0, 2]"))
    run(log, PrecomputedEmbedder(2))
    vectors = [np.frombuffer(item.vector, dtype="<f4").tolist() for item in embedded(log)]
    assert vectors == [pytest.approx([0.6, 0.8]), [0.0, 1.0]]
    reasons = {letter["source"]: letter["reason"] for letter in letters(log)}
    assert reasons == {
        "documents/0/1": "bad_embedding",
        "documents/0/2": "bad_embedding",
        "documents/0/3": "wrong_dimensions",
    }


def test_without_an_embedder_a_document_has_to_bring_its_vector() -> None:
    log = log_with(b'{"text": "a"}', own("[1, 0]"))
    run(log, PrecomputedEmbedder())
    assert len(embedded(log)) == 1
    assert letters(log)[0]["reason"] == "bad_embedding"


def test_a_document_keeps_its_partition() -> None:
    log = log_with(b'{"text": "a"}', b'{"text": "b"}', b'{"text": "c"}', n_partitions=3)
    run(log)
    records = sorted(read(log, NAMES.embeddings), key=lambda record: record.partition)
    assert [record.headers for record in records] == [
        (("src", b"documents/%d/0" % part),) for part in range(3)
    ]


def test_too_few_partitions_are_refused() -> None:
    log = MemoryLog()
    log.create_topics([spec for spec in NAMES.specs(1) if spec.name != NAMES.documents])
    log.create_topics([NAMES.specs(3)[0]])
    with pytest.raises(TopicError, match="'embeddings' has 1 partitions and 'documents' has 3"):
        EmbedWorker(log, HashEmbedder(), NAMES, member="one")


def test_after_a_failed_commit_it_does_nothing_more() -> None:
    log = log_with(b'{"text": "a"}')
    worker = EmbedWorker(log, HashEmbedder(), NAMES, member="one")
    failpoints.configure("in_commit:raise")
    try:
        with pytest.raises(failpoints.FailpointError):
            worker.step(0.0)
    finally:
        failpoints.configure(None)
    with pytest.raises(CommitError, match="end it and start again"):
        worker.step(0.0)
    assert run(log) == 1
    assert len(embedded(log)) == 1
