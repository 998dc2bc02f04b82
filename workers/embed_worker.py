"""The worker that gives documents their vectors; it keeps no state, so there may be many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from topicstream.model.backend.base import Embedder, unit_rows
from topicstream.stream.errors import CommitError, TopicError
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Output, Record, TopicPartition
from topicstream.workers.decoding import Decoded, decode_document
from topicstream.workers.messages import VERSION, EmbeddedDocument, Refused, dead_letter
from topicstream.workers.names import TopicNames

TRUNCATED_BYTES = 1_000
"""How much of a document that is too large goes into its dead letter."""

_encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class _Sorted:
    """The records of one transaction, by what becomes of them."""

    texts: list[tuple[Record, Decoded]] = field(default_factory=list)
    vectors: list[tuple[Record, Decoded]] = field(default_factory=list)
    refused: list[tuple[Record, Refused]] = field(default_factory=list)


class EmbedWorker:
    """Reads documents, and writes each with its vector, or a dead letter.

    Parameters
    ----------
    transport
        Where the topics are; they must exist.
    embedder
        Gives texts their vectors. A document may bring its own.
    names
        Names of the topics.
    member
        Name of this worker within its group, the same after each restart.
    batch_size
        Largest number of documents in one transaction; default 256.
    max_document_bytes
        Largest document; default 1,000,000.

    Raises
    ------
    TopicError
        A topic is missing, or has too few partitions.

    """

    def __init__(
        self,
        transport: Transport,
        embedder: Embedder,
        names: TopicNames,
        *,
        member: str,
        batch_size: int = 256,
        max_document_bytes: int = 1_000_000,
    ) -> None:
        _check_partitions(transport, names)
        self._transport, self._embedder, self._names = transport, embedder, names
        self._batch_size, self._max_bytes = batch_size, max_document_bytes
        # Writer first: what an earlier holder had open is settled before offsets are read.
        self._writer = transport.writer(names.embed_writer(member))
        self._reader = transport.group_reader([names.documents], names.embed_group, member)
        self._broken = False

    def step(self, timeout_s: float) -> int:
        """Take what there is, in one transaction.

        Parameters
        ----------
        timeout_s
            How long to wait for records, in seconds.

        Returns
        -------
        int
            Number of records taken, those refused included.

        """
        if self._broken:
            raise CommitError("the last commit of this embed worker failed; end it and start again")
        records = self._reader.poll(self._batch_size, timeout_s)
        if not records:
            return 0
        self._broken = True  # until the commit is known to have happened
        self._writer.commit(
            self._outputs(records),
            {
                TopicPartition(record.topic, record.partition): record.offset + 1
                for record in records
            },
            group=self._names.embed_group,
            member=self._reader,
        )
        self._broken = False
        return len(records)

    def close(self) -> None:
        """Leave the group and let go of connections; closing twice is harmless."""
        self._reader.close()
        self._writer.close()

    def _outputs(self, records: Sequence[Record]) -> list[Output]:
        found = self._sort(records)
        outputs = self._embedded(
            found.texts, self._embedder.embed([item.document.text for _, item in found.texts])
        )
        outputs += self._own(found.vectors, found.refused)
        outputs = self._fitting(outputs, records, found.refused)
        return outputs + [self._letter(record, why) for record, why in found.refused]

    def _sort(self, records: Sequence[Record]) -> _Sorted:
        found = _Sorted()
        only_vectors = self._embedder.name.startswith("precomputed")
        for record in records:
            item = decode_document(record, max_bytes=self._max_bytes)
            if isinstance(item, Refused):
                found.refused.append((record, item))
            elif item.document.embedding is not None:
                found.vectors.append((record, item))
            elif only_vectors:
                found.refused.append((record, _NO_VECTOR))
            else:
                found.texts.append((record, item))
        return found

    def _embedded(
        self, items: Sequence[tuple[Record, Decoded]], vectors: NDArray[np.float32]
    ) -> list[Output]:
        content = memoryview(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
        n_bytes = len(content) // max(len(items), 1)
        name, topic = self._embedder.name, self._names.embeddings
        outputs = []
        for i, (record, item) in enumerate(items):
            document = item.document
            value = EmbeddedDocument(
                VERSION,
                item.id,
                document.text,
                item.timestamp,
                memoryview(document.source),
                memoryview(document.class_),
                memoryview(document.metadata),
                content[i * n_bytes : (i + 1) * n_bytes],
                name,
            )
            source = _place(record)
            outputs.append(
                Output(topic, _encode(value), record.key, record.partition, (("src", source),))
            )
        return outputs

    def _own(
        self,
        items: Sequence[tuple[Record, Decoded]],
        refused: list[tuple[Record, Refused]],
    ) -> list[Output]:
        """Return the documents that brought a vector, one width after the other."""
        widths: dict[int, list[tuple[Record, Decoded]]] = {}
        for record, item in items:
            widths.setdefault(len(item.document.embedding or ()), []).append((record, item))
        wanted = self._embedder.n_dimensions
        outputs: list[Output] = []
        for width, group in sorted(widths.items()):
            if width == 0 or wanted not in {None, width}:
                refused += [(record, _wrong_width(width, wanted)) for record, _ in group]
            else:
                outputs += self._normalised(group, refused)
        return outputs

    def _normalised(
        self,
        group: Sequence[tuple[Record, Decoded]],
        refused: list[tuple[Record, Refused]],
    ) -> list[Output]:
        rows = np.array([item.document.embedding for _, item in group], dtype=np.float64)
        with np.errstate(over="ignore", under="ignore"):
            unit = unit_rows(rows.astype(np.float32))
        good: NDArray[np.bool_] = np.any(unit, axis=1)
        pairs = list(zip(group, good.tolist(), strict=True))
        refused += [(record, _BAD_VECTOR) for (record, _), fine in pairs if not fine]
        return self._embedded([pair for pair, fine in pairs if fine], unit[good])

    def _fitting(
        self,
        outputs: list[Output],
        records: Sequence[Record],
        refused: list[tuple[Record, Refused]],
    ) -> list[Output]:
        """Return what the transport can carry, in the order of the records."""
        places = {_place(record): (i, record) for i, record in enumerate(records)}
        limit = self._transport.max_record_bytes - 1_000  # headers count as well
        fitting = []
        for output in outputs:
            position, record = places[output.headers[0][1]]
            if len(output.value or b"") <= limit:
                fitting.append((position, output))
            else:
                refused.append((record, Refused("too_large", "too large together with its vector")))
        return [output for _, output in sorted(fitting, key=lambda pair: pair[0])]

    def _letter(self, record: Record, refused: Refused) -> Output:
        # As base64 or with control characters escaped, a payload may grow to six times its size.
        limit = self._transport.max_record_bytes // 8
        n_bytes = TRUNCATED_BYTES if refused.reason == "too_large" else limit
        letter = dead_letter(record, refused, max_payload_bytes=n_bytes)
        return Output(self._names.deadletter, letter, record.key)


_NO_VECTOR = Refused(
    "bad_embedding", "it has no 'embedding', and the embedder 'precomputed' needs one"
)
_BAD_VECTOR = Refused("bad_embedding", "'embedding' is all zero, or too large for float32")


def _wrong_width(width: int, wanted: int | None) -> Refused:
    return Refused(
        "wrong_dimensions",
        f"'embedding' has {width} numbers; {'one or more' if wanted is None else wanted} needed",
    )


def _place(record: Record) -> bytes:
    return b"%b/%d/%d" % (record.topic.encode(), record.partition, record.offset)


def _check_partitions(transport: Transport, names: TopicNames) -> None:
    n_in = len(transport.partitions(names.documents))
    n_out = len(transport.partitions(names.embeddings))
    if n_out < n_in:
        raise TopicError(
            f"topic {names.embeddings!r} has {n_out} partitions and {names.documents!r} has "
            f"{n_in}; give it as many, for a document keeps its partition"
        )
