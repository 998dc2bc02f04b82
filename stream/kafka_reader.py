"""Reading committed records from Kafka, as bytes.

No deserializers: one that raises leaves kafka-python spinning for ever at full load. For the same
reason a reader that has failed once does not poll again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, errors
from kafka import TopicPartition as KafkaPartition
from kafka.structs import ConsumerGroupMetadata, MemberState

from topicstream.stream.errors import FencedError, RetentionError, StreamError, UnavailableError
from topicstream.stream.kafka_address import wait_for_broker
from topicstream.stream.kafka_failures import asking, told
from topicstream.stream.kafka_options import KafkaOptions
from topicstream.stream.records import Headers, Record, TopicPartition

_CLOSE_MS = 1_000


def consumer_settings(options: KafkaOptions) -> dict[str, Any]:
    """Return the settings that all our consumers share, each default of which would lose data."""
    return {
        **options.connection(),
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
        # A new reader waits one or two of these for what it asks first.
        "retry_backoff_ms": 20,
        "max_partition_fetch_bytes": max(4_194_304, options.max_record_bytes),
        "metrics_enabled": False,
    }


class KafkaReader:
    """Reads given partitions from given offsets on; made by `KafkaLog.reader`.

    Parameters
    ----------
    options
        Where Kafka is.
    positions
        The first offset to read, for each partition.

    """

    def __init__(self, options: KafkaOptions, positions: Mapping[TopicPartition, int]) -> None:
        self._bootstrap = options.bootstrap_servers
        wait_for_broker(options)
        with asking(self._bootstrap, "connect"):
            self._consumer = KafkaConsumer(**self._settings(options))
        self._failure: StreamError | None = None
        self.closed = False
        self._consumer.assign([KafkaPartition(*partition) for partition in positions])
        for partition, offset in positions.items():
            self.seek(partition, offset)

    def _settings(self, options: KafkaOptions) -> dict[str, Any]:
        return consumer_settings(options)

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """Return up to `max_records` next records, or none once `timeout_s` seconds are over.

        Raises
        ------
        RetentionError
            The records at a position are gone, or were never there.
        UnavailableError
            Kafka answers with an error that waiting does not cure. A broker that is away is no
            error: records come once it is back.

        """
        with self._failing_once():
            return [
                Record(topic, number, offset, timestamp, key, value, _headers(headers))
                for batch in self._fetch(max_records, timeout_s * 1000.0).values()
                for topic, number, _, offset, timestamp, _, key, value, headers, *_ in batch
            ]

    def _fetch(self, max_records: int, timeout_ms: float) -> dict[Any, list[Any]]:
        found: dict[Any, list[Any]] = self._consumer.poll(timeout_ms, max_records)
        return found

    @contextmanager
    def _failing_once(self) -> Iterator[None]:
        if self._failure is not None:
            raise self._failure
        try:
            with asking(self._bootstrap, "read"):
                yield
        except StreamError as error:
            self._failure = self._meaning(error)
            raise self._failure from error.__cause__

    def _meaning(self, error: StreamError) -> StreamError:
        cause = error.__cause__
        if isinstance(cause, errors.OffsetOutOfRangeError | errors.LogTruncationError):
            return RetentionError(
                f"the position to read from is not in the topic any more ({told(cause)}): records "
                "were deleted before they were read. Restore them, or begin with a new state"
            )
        return error

    def positions(self) -> dict[TopicPartition, int]:
        """Return the next offset to be read, for each partition held now.

        Markers of transactions take offsets too: a position passes them with the poll that finds
        nothing behind them.
        """
        with self._failing_once():
            return {
                TopicPartition(*partition): self._position(partition)
                for partition in sorted(self._consumer.assignment())
            }

    def _position(self, partition: KafkaPartition) -> int:
        offset: int | None = self._consumer.position(partition, timeout_ms=5_000)
        if offset is None:
            raise UnavailableError(
                f"Kafka at {self._bootstrap} did not say within 5 s where {partition.topic!r}, "
                f"partition {partition.partition}, has to be read from; check that the broker runs"
            )
        return offset

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Continue reading `partition` at `offset`."""
        self._consumer.seek(KafkaPartition(*partition), offset)

    def close(self) -> None:
        """Let go of connections; closing twice is harmless."""
        if not self.closed:
            self.closed = True
            self._consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)


class KafkaGroupReader(KafkaReader):
    """Reads as one member of a consumer group; made by `KafkaLog.group_reader`.

    Membership is static, so that a restart takes the partitions back without a rebalance, and
    cooperative, so that a rebalance leaves alone the partitions that stay.

    Parameters
    ----------
    options
        Where Kafka is.
    topics
        Topics to share with the other members.
    group
        Name of the group.
    member
        Name of this member, the same after each restart.

    """

    def __init__(
        self, options: KafkaOptions, topics: Iterable[str], group: str, member: str
    ) -> None:
        self._group = group
        self._member = member
        self._read: dict[TopicPartition, int] = {}
        self._settled: dict[TopicPartition, int] = {}
        self._taken: dict[TopicPartition, int] = {}
        self._joined: ConsumerGroupMetadata | None = None
        super().__init__(options, {})
        self._subscribe(sorted(topics))

    def _subscribe(self, topics: list[str]) -> None:
        self._consumer.subscribe(topics=topics, listener=_Losses(self._lose))
        # A member that joins before it has heard of the topic, and is made to share it out, gives
        # nobody anything, and takes away what others hold.
        with asking(self._bootstrap, f"describe topics {', '.join(topics)}"):
            for topic in topics:
                self._consumer.partitions_for_topic(topic)

    def _settings(self, options: KafkaOptions) -> dict[str, Any]:
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

        return {
            **consumer_settings(options),
            "group_id": self._group,
            "group_instance_id": self._member,
            "partition_assignment_strategy": [CooperativeStickyAssignor],
            "session_timeout_ms": options.session_timeout_ms,
            "heartbeat_interval_ms": min(1_000, options.session_timeout_ms // 3),
            "max_poll_interval_ms": options.max_poll_interval_ms,
        }

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """Return up to `max_records` next records, or none once `timeout_s` seconds are over.

        Raises
        ------
        FencedError
            A partition was taken away with records that were read and not committed, and has come
            back: they would be returned a second time.
        RetentionError
            The records at the group's offset are gone.

        """
        records = super().poll(max_records, timeout_s)
        self._joined = self._consumer.group_metadata()
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            if record.offset < self._read.get(partition, 0):
                self._refuse_again(partition, record.offset)
            self._read[partition] = record.offset + 1
        return records

    def _fetch(self, max_records: int, timeout_ms: float) -> dict[Any, list[Any]]:
        ends = time.monotonic() + timeout_ms / 1000.0
        self._finish_joining()
        while True:
            try:
                left_ms = max(0.0, ends - time.monotonic()) * 1000.0
                return super()._fetch(max_records, left_ms)
            except errors.NoOffsetForPartitionError as error:
                self._begin(error)

    def _finish_joining(self) -> None:
        """Take up again a join that the last poll had no time to finish.

        kafka-python 3.0.12 forgets one that was caused by a change of partitions: the member then
        stands still, and the whole group with it until `max_poll_interval_ms` is over.
        """
        if self._consumer.group_metadata().state == MemberState.REBALANCING:
            self._consumer._coordinator.request_rejoin()  # noqa: SLF001 - nothing public does it

    def _begin(self, error: errors.NoOffsetForPartitionError) -> None:
        """Start at the beginning where the group has no offset.

        ``auto_offset_reset="earliest"`` would do that too, and skip in silence what was deleted
        before it was read.
        """
        (partitions,) = error.args
        self._consumer.seek_to_beginning(*sorted(partitions))

    def _position(self, partition: KafkaPartition) -> int:
        try:
            return super()._position(partition)
        except errors.NoOffsetForPartitionError as error:
            self._begin(error)
            return super()._position(partition)

    def _lose(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            read = self._read.get(partition, 0)
            if read > self._settled.get(partition, 0):
                self._taken[partition] = read

    def _refuse_again(self, partition: TopicPartition, offset: int) -> None:
        self._failure = FencedError(
            f"group {self._group!r} took {partition.topic!r}, partition {partition.partition}, "
            f"from {self._member!r} before what it had read was committed, and gave it back at "
            f"offset {offset}; start again from the committed offsets"
        )
        raise self._failure

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Continue reading `partition` at `offset`."""
        super().seek(partition, offset)
        self._read[partition] = offset
        self._taken.pop(partition, None)

    def identity(self, partitions: Iterable[TopicPartition]) -> ConsumerGroupMetadata:
        """Return who the group knows us as, for the broker to check.

        Parameters
        ----------
        partitions
            Partitions whose offsets are about to be committed.

        Raises
        ------
        FencedError
            Since the records were read, the group has shut us out, or taken a partition away.

        """
        now = self._consumer.group_metadata()
        if self._joined is None or now.generation_id < 0 or _who(now) != _who(self._joined):
            # A commit under generation -1 would be accepted by the broker, from anybody.
            raise FencedError(
                f"{self._member!r} is not in group {self._group!r} as it was when it read "
                f"(generation {now.generation_id} now); it was silent for too long, or another "
                "process runs under this name. This process must end"
            )
        held = self._consumer.assignment()
        for partition in partitions:
            if partition not in held or partition in self._taken:
                raise FencedError(
                    f"group {self._group!r} has taken {partition.topic!r}, partition "
                    f"{partition.partition}, from {self._member!r}; this process must end"
                )
        return now

    def settle(self, partitions: Iterable[TopicPartition]) -> None:
        """Note that what was read of `partitions` is committed."""
        for partition in partitions:
            self._settled[partition] = self._read.get(partition, 0)


class _Losses(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Tells which partitions are taken away; runs on kafka-python's thread and may not wait."""

    def __init__(self, lose: Callable[[list[TopicPartition]], None]) -> None:
        self._lose = lose

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        self._lose([TopicPartition(*partition) for partition in revoked])

    def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self._lose([TopicPartition(*partition) for partition in lost])

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Nothing to do: a position is found by the next poll."""


def _who(metadata: ConsumerGroupMetadata) -> tuple[int, str]:
    return metadata.generation_id, metadata.member_id


def _headers(headers: Iterable[tuple[str, bytes | None]]) -> Headers:
    return tuple((name, value or b"") for name, value in headers) if headers else ()
