"""Transactions on Kafka, in the one order in which kafka-python can be trusted.

Every future is looked at and the producer's epoch compared before offsets are sent, because
kafka-python 3.0.12 lets a commit succeed whose records were dropped. After any failure nothing is
aborted, repeated or used again: what is left over would be committed with the next transaction.
The same goes for a commit that kafka-python asked for twice (KAFKA-17754): it speaks a version of
the protocol in which the first request, if it arrives late, ends whatever transaction is open then.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from kafka import KafkaProducer, errors
from kafka import TopicPartition as KafkaPartition
from kafka.producer.transaction_manager import EndTxnHandler, TxnRequestHandler
from kafka.structs import OffsetAndMetadata

from topicstream.stream.errors import CommitError, FencedError, UnavailableError
from topicstream.stream.failpoints import hit
from topicstream.stream.kafka_address import wait_for_broker
from topicstream.stream.kafka_failures import LIBRARY_ERRORS, asking, commit_failure
from topicstream.stream.kafka_options import ROOM_FOR_HEADERS, KafkaOptions
from topicstream.stream.kafka_reader import KafkaGroupReader
from topicstream.stream.protocols import Reader
from topicstream.stream.records import OffsetMark, Output, TopicPartition

logger = logging.getLogger(__name__)

GAVE_UP = 70
"""Exit status of a process whose commit did not come to an end."""

# The producer waits at most this long for a topic's leader, or for its coordinator at the start.
_BLOCK_MS = 10_000
_INIT_ATTEMPTS = 3
_BACKOFF_MS = 20
_WATCH_EVERY_S = 0.1


class KafkaWriter:
    """The holder of one transactional id; made by `KafkaLog.writer`.

    Parameters
    ----------
    options
        Where Kafka is.
    writer_id
        The transactional id: whoever takes it next shuts this writer out.
    require_topic
        Raises TopicError when there is no topic of that name. Asked once for each topic, for
        kafka-python itself waits ten seconds for one that does not exist.

    """

    def __init__(
        self, options: KafkaOptions, writer_id: str, require_topic: Callable[[str], object]
    ) -> None:
        self._options = options
        self._writer_id = writer_id
        self._require_topic = require_topic
        self._known_topics: set[str] = set()
        self._usable = False
        self._asked_twice = False
        self.closed = False
        wait_for_broker(options)
        with asking(options.bootstrap_servers, f"become writer {writer_id!r}"):
            self._producer = KafkaProducer(**_producer_settings(options, writer_id))
        self._note_second_requests()
        self._take_over()
        self._identity = self._epoch()
        self._usable = True
        hit("after_init")

    def _note_second_requests(self) -> None:
        manager = self._producer._transaction_manager  # noqa: SLF001 - nothing public tells it
        enqueue: Callable[[object], None] = manager._enqueue_request  # noqa: SLF001

        def note(request: TxnRequestHandler) -> None:
            if isinstance(request, EndTxnHandler) and request.is_retry:
                self._asked_twice = True
            enqueue(request)

        manager._enqueue_request = note  # noqa: SLF001

    def _take_over(self) -> None:
        bootstrap = self._options.bootstrap_servers
        try:
            with asking(bootstrap, f"become writer {self._writer_id!r}"):
                hit("in_init")
                _init_transactions(self._producer)
        except UnavailableError as error:
            self._drop()
            raise UnavailableError(
                f"{error}; on a cluster of one or two brokers also check "
                "transaction.state.log.replication.factor and transaction.state.log.min.isr"
            ) from error
        except BaseException:
            self._drop()
            raise

    def _epoch(self) -> object:
        # It is private, and the only sign that kafka-python has started over behind our back.
        return self._producer._transaction_manager.producer_id_and_epoch  # noqa: SLF001

    def commit(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        *,
        group: str,
        member: Reader | None = None,
    ) -> list[int]:
        """Make `outputs` and the `offsets` of `group` durable together, or nothing of them.

        See `topicstream.stream.protocols.Writer.commit`. A commit that takes longer than the
        transaction timeout ends the process with status 70: kafka-python would wait for ever.
        """
        self._refuse_reuse()
        if not outputs and not offsets:
            return []
        self._usable = False
        try:
            with _deadline(self._options.transaction_timeout_ms / 1000, self._writer_id):
                written = self._commit(outputs, offsets, group, _group_reader(member))
        except LIBRARY_ERRORS as error:
            raise commit_failure(error, self._library_saw(), self._writer_id) from error
        self._usable = True
        return written

    def _refuse_reuse(self) -> None:
        if not self._usable:
            raise CommitError(
                f"writer {self._writer_id!r} is closed or has failed before, and what it left "
                "behind would be committed too; this process must end"
            )

    def _library_saw(self) -> Exception | None:
        seen = self._producer._transaction_manager.last_error  # noqa: SLF001
        return seen if isinstance(seen, Exception) else None

    def _commit(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        group: str,
        member: KafkaGroupReader | None,
    ) -> list[int]:
        identity = member.identity(offsets) if member is not None else group
        self._check(outputs)
        self._producer.begin_transaction()
        hit("after_begin")
        written = self._write(outputs)
        if offsets:
            self._producer.send_offsets_to_transaction(_marks(offsets), identity)
        hit("after_offsets")
        hit("in_commit")
        self._producer.commit_transaction()
        # A new epoch here means that it was the library that "committed", and nothing was sent.
        self._refuse_new_epoch()
        self._refuse_second_request()
        hit("after_commit")
        if member is not None:
            member.settle(offsets)
        return written

    def _check(self, outputs: Sequence[Output]) -> None:
        limit = self._options.max_record_bytes
        for output in outputs:
            if output.topic not in self._known_topics:
                self._require_topic(output.topic)
                self._known_topics.add(output.topic)
            if output.value is not None and len(output.value) > limit:
                raise CommitError(
                    f"a value of {len(output.value)} bytes for topic {output.topic!r} is larger "
                    f"than max_record_bytes={limit}; shorten it, or raise the setting and the "
                    "topic's max.message.bytes"
                )

    def _write(self, outputs: Sequence[Output]) -> list[int]:
        half = len(outputs) // 2
        futures = self._send(outputs[:half])
        hit("half_sends")
        futures += self._send(outputs[half:])
        self._producer.flush(timeout=self._options.delivery_timeout_ms / 1000)
        hit("after_flush")
        written = [future.get(timeout=0.1).offset for future in futures]
        self._refuse_new_epoch()
        if any(offset < 0 for offset in written):
            raise errors.KafkaError("the broker did not say which offset a record got")
        return written

    def _send(self, outputs: Sequence[Output]) -> list[Any]:
        send = self._producer.send
        return [
            send(topic, value, key, list(headers), partition)
            for topic, value, key, partition, headers in outputs
        ]

    def _refuse_new_epoch(self) -> None:
        epoch = self._epoch()
        if epoch != self._identity:
            raise FencedError(
                f"writer {self._writer_id!r} began as {self._identity} and is now {epoch}: the "
                "broker has given up its transaction; this process must end"
            )

    def _refuse_second_request(self) -> None:
        if self._asked_twice:
            raise CommitError(
                f"writer {self._writer_id!r} lost the connection while it asked for a commit. "
                "Asked again, Kafka did it, but the first request may still arrive and would end "
                "the next transaction half way; this process must end, and the next start finds "
                "out from the log"
            )

    def close(self) -> None:
        """Let go of connections; closing twice is harmless."""
        if self.closed:
            return
        if not self._usable:
            self._drop()
            return
        self._usable, self.closed = False, True
        with suppress(errors.KafkaError):
            self._producer.close(timeout=1.0)

    def _drop(self) -> None:
        """Close without waiting for anything, and so that nothing more is sent."""
        self._usable, self.closed = False, True
        self._producer._sender.force_close()  # noqa: SLF001 - close() alone would send the rest
        with suppress(errors.KafkaError):
            self._producer.close(timeout=0.0)


def _producer_settings(options: KafkaOptions, writer_id: str) -> dict[str, Any]:
    return {
        **options.connection(),
        "transactional_id": writer_id,
        "transaction_timeout_ms": options.transaction_timeout_ms,
        "delivery_timeout_ms": options.delivery_timeout_ms,
        "max_block_ms": _BLOCK_MS,
        "max_request_size": options.max_record_bytes + ROOM_FOR_HEADERS,
        "batch_size": options.batch_bytes,
        "linger_ms": options.linger_ms,
        # Each commit waits one of these for the markers of the one before it.
        "retry_backoff_ms": _BACKOFF_MS,
        "compression_type": options.compression,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }


def _init_transactions(producer: KafkaProducer) -> None:
    """Wait for the coordinator, which first brings the earlier holder's transaction to an end."""
    for _ in range(_INIT_ATTEMPTS - 1):
        with suppress(errors.KafkaTimeoutError):
            producer.init_transactions()
            return
    producer.init_transactions()


def _marks(offsets: Mapping[TopicPartition, int | OffsetMark]) -> dict[Any, OffsetAndMetadata]:
    return {
        KafkaPartition(*partition): OffsetAndMetadata(*_mark(mark), -1)
        for partition, mark in offsets.items()
    }


def _mark(mark: int | OffsetMark) -> OffsetMark:
    return mark if isinstance(mark, OffsetMark) else OffsetMark(mark)


def _group_reader(member: Reader | None) -> KafkaGroupReader | None:
    if member is None or isinstance(member, KafkaGroupReader):
        return member
    raise CommitError(
        f"member is a {type(member).__name__}; give the reader that KafkaLog.group_reader made"
    )


@contextmanager
def _deadline(timeout_s: float, writer_id: str) -> Iterator[None]:
    over = threading.Event()
    arguments = (over, timeout_s, writer_id)
    threading.Thread(target=_watch, args=arguments, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(over: threading.Event, timeout_s: float, writer_id: str) -> None:
    # Counted in short waits: time for which the whole process was stopped is not the broker's
    # silence, and on waking the broker is to say whether somebody else is the writer now.
    for _ in range(round(timeout_s / _WATCH_EVERY_S)):
        if over.wait(_WATCH_EVERY_S):
            return
    _give_up(timeout_s, writer_id)


def _give_up(timeout_s: float, writer_id: str) -> NoReturn:
    logger.critical(
        "commit of writer %r did not end within %.0f s, and kafka-python would wait for ever: "
        "ending this process; the next start finds out from the log what was committed",
        writer_id,
        timeout_s,
    )
    os._exit(GAVE_UP)
