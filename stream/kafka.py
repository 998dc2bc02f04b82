"""Apache Kafka as a transport: topics, groups and transactions of a cluster."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Self, TypeVar

from kafka import KafkaConsumer
from kafka import TopicPartition as KafkaPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError
from kafka.protocol.consumer import IsolationLevel

from topicstream.stream import kafka_topics
from topicstream.stream.errors import UnavailableError
from topicstream.stream.kafka_address import wait_for_broker
from topicstream.stream.kafka_admin import PatientAdmin
from topicstream.stream.kafka_failures import asking, told
from topicstream.stream.kafka_options import KafkaOptions
from topicstream.stream.kafka_reader import KafkaGroupReader, KafkaReader, consumer_settings
from topicstream.stream.kafka_writer import KafkaWriter
from topicstream.stream.records import OffsetMark, TopicPartition, TopicSpec

__all__ = ["KafkaLog", "KafkaOptions"]

Opened = TypeVar("Opened", KafkaReader, KafkaGroupReader, KafkaWriter)

logger = logging.getLogger(__name__)


class KafkaLog:
    """A `topicstream.stream.protocols.Transport` on a Kafka cluster.

    Parameters
    ----------
    options
        Where the cluster is, how to get in, and how long to wait.

    Raises
    ------
    UnavailableError
        By any method: the cluster cannot be reached, within `options.connect_timeout_ms`.

    """

    def __init__(self, options: KafkaOptions) -> None:
        self.options = options
        self.max_record_bytes = options.max_record_bytes
        self._bootstrap = options.bootstrap_servers
        self._lock = threading.Lock()
        self._client: PatientAdmin | None = None
        self._opened: list[KafkaReader | KafkaWriter] = []
        self._closed = False

    def _admin(self) -> PatientAdmin:
        with self._lock:
            if self._closed:
                raise UnavailableError(f"this connection to Kafka at {self._bootstrap} is closed")
            if self._client is None:
                wait_for_broker(self.options)
                with asking(self._bootstrap, "connect"):
                    self._client = PatientAdmin(self.options)
            return self._client

    def create_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create what is missing, and check what is there; TopicError says what to do."""
        kafka_topics.create_topics(self._admin(), self.options, specs)

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of `topic`, in order; TopicError when there is no such topic."""
        return kafka_topics.partitions(self._admin(), self.options, topic)

    def reader(self, positions: Mapping[TopicPartition, int]) -> KafkaReader:
        """Read the given partitions from the given offsets on, without a group."""
        self._require(partition.topic for partition in positions)
        return self._keep(KafkaReader(self.options, positions))

    def group_reader(self, topics: Collection[str], group: str, member: str) -> KafkaGroupReader:
        """Read as one member of a consumer group, from the group's offsets or the beginning."""
        self._require(topics)
        return self._keep(KafkaGroupReader(self.options, topics, group, member))

    def _keep(self, opened: Opened) -> Opened:
        with self._lock:
            # A reader that is only forgotten keeps its thread and its place in the group.
            self._opened = [one for one in self._opened if not one.closed] + [opened]
        return opened

    def _require(self, topics: Iterable[str]) -> None:
        for topic in dict.fromkeys(topics):
            self.partitions(topic)

    def writer(self, writer_id: str) -> KafkaWriter:
        """Become the writer called `writer_id`, after shutting out whoever was it before."""
        return self._keep(KafkaWriter(self.options, writer_id, self.partitions))

    def committed(
        self, group: str, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, OffsetMark]:
        """Return the committed offsets of `group`, leaving out partitions without one."""
        marks = {}
        wait_for_broker(self.options)
        with (
            asking(self._bootstrap, f"read the offsets of group {group!r}"),
            closing(self._observer(group)) as consumer,
        ):
            for partition in partitions:
                found = consumer.committed(
                    KafkaPartition(*partition), metadata=True, timeout_ms=self._patience_ms
                )
                if found is not None and found.offset >= 0:
                    marks[partition] = OffsetMark(found.offset, found.metadata or "")
        return marks

    @property
    def _patience_ms(self) -> int:
        """Time in ms for an answer that may have to wait for an open transaction."""
        return self.options.transaction_timeout_ms + self.options.request_timeout_ms

    def _observer(self, group: str) -> KafkaConsumer:
        # Not the admin client: it would also return offsets that an open transaction is about to
        # replace, where a consumer of committed records waits for its end.
        return KafkaConsumer(**consumer_settings(self.options), group_id=group)

    def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the first offset still kept, for each partition."""
        return self._offsets(partitions, OffsetSpec.EARLIEST)

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset after the last committed record, for each partition."""
        return self._offsets(partitions, OffsetSpec.LATEST)

    def _offsets(
        self, partitions: Iterable[TopicPartition], spec: OffsetSpec
    ) -> dict[TopicPartition, int]:
        wanted = {KafkaPartition(*partition): spec for partition in partitions}
        admin = self._admin()
        with asking(self._bootstrap, "look up offsets"):
            found = admin.list_partition_offsets(wanted, IsolationLevel.READ_COMMITTED)
        return {TopicPartition(*partition): found[partition].offset for partition in wanted}

    def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Allow the records below the given offsets to be deleted.

        Where we may not delete, they are kept and a line is logged.
        """
        if not offsets:
            return
        admin = self._admin()
        wanted = {KafkaPartition(*partition): offset for partition, offset in offsets.items()}
        try:
            admin.delete_records(wanted)
        except KafkaError as error:
            logger.warning("old records of %s are kept: %s", sorted(wanted), told(error))

    def close(self) -> None:
        """Let go of everything, open readers and writers too; closing twice is harmless."""
        with self._lock:
            self._closed = True
            client, self._client = self._client, None
            opened, self._opened = self._opened, []
        for reader_or_writer in opened:
            reader_or_writer.close()
        if client is not None:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
