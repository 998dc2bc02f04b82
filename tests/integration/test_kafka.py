"""What Kafka and kafka-python do when things go wrong, on a real broker.

Numbers in brackets are rows of the table of faults in the delivery document.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services import KafkaBroker, ServiceError, free_port
from topicstream.stream import failpoints
from topicstream.stream.errors import (
    CommitError,
    FencedError,
    RetentionError,
    TopicError,
    UnavailableError,
)
from topicstream.stream.kafka import KafkaLog, KafkaOptions
from topicstream.stream.protocols import Reader
from topicstream.stream.records import Output, Record, TopicPartition, TopicSpec

pytestmark = pytest.mark.integration

PATIENCE_S = 40.0


def hasty(bootstrap: str, copies: int = -1) -> KafkaOptions:
    return KafkaOptions(
        bootstrap,
        replication_factor=copies,
        transaction_timeout_ms=5_000,
        delivery_timeout_ms=3_000,
        request_timeout_ms=1_500,
    )


WRITE_ONE = """
import sys
from topicstream.stream import failpoints
from topicstream.stream.errors import CommitError, FencedError
from topicstream.stream.kafka import KafkaLog, KafkaOptions
from topicstream.stream.records import Output, TopicPartition

bootstrap, topic, writer_id, failpoint = sys.argv[1:]
options = KafkaOptions(
    bootstrap, transaction_timeout_ms=5_000, delivery_timeout_ms=3_000, request_timeout_ms=1_500
)
writer = KafkaLog(options).writer(writer_id)
failpoints.configure(failpoint)
try:
    writer.commit([Output(topic, b"late")], {TopicPartition(topic, 0): 7}, group=writer_id)
except FencedError:
    sys.exit(75)
except CommitError:
    sys.exit(71)
"""


@pytest.fixture
def name() -> str:
    return f"kafka-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    with KafkaLog(hasty(kafka_bootstrap)) as opened:
        yield opened


@pytest.fixture
def docs(log: KafkaLog, name: str) -> TopicPartition:
    log.create_topics([TopicSpec(name)])
    return TopicPartition(name, 0)


def read_some(reader: Reader, n: int) -> list[Record]:
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(records) < n:
        assert time.monotonic() < deadline, f"only {len(records)} of {n} records came"
        records += reader.poll(n - len(records), 0.5)
    return records


def values(log: KafkaLog, partition: TopicPartition) -> list[bytes | None]:
    """Read all that is committed, and let nothing come after it."""
    reader = log.reader({partition: 0})
    read: list[bytes | None] = []
    deadline = time.monotonic() + PATIENCE_S
    while reader.positions() != log.end_offsets([partition]):
        assert time.monotonic() < deadline
        read += [record.value for record in reader.poll(1_000, 0.2)]
    reader.close()
    return read


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def set_topic(bootstrap: str, topic: str, settings: dict[str, str]) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource, ConfigResourceType

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    answer = admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    admin.close()
    assert answer["topic"][topic] == "OK"


def n_brokers(bootstrap: str) -> int:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    found = admin.describe_cluster()
    admin.close()
    return len(found["brokers"])


def hanging(bootstrap: str) -> list[object]:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    found = list(admin.find_hanging_transactions())
    admin.close()
    return found


class Child:
    """A process that commits one record and stops or dies at a failpoint."""

    def __init__(self, bootstrap: str, topic: str, writer_id: str, failpoint: str) -> None:
        arguments = [bootstrap, topic, writer_id, failpoint]
        self.process = subprocess.Popen([sys.executable, "-c", WRITE_ONE, *arguments])

    def wait_stopped(self) -> None:
        state = Path(f"/proc/{self.process.pid}/stat")
        until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")

    def resume(self) -> int:
        os.kill(self.process.pid, signal.SIGCONT)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)


class TestCommit:
    def test_records_that_were_not_taken_take_the_commit_down(self, name: str) -> None:
        """[16] Without a look at every future, kafka-python commits here, with the records gone."""
        if os.environ.get("TOPICSTREAM_TEST_KAFKA"):
            pytest.skip("cannot stop a broker that was given in TOPICSTREAM_TEST_KAFKA")
        docs, healthy = TopicPartition(name, 0), TopicPartition(f"{name}-healthy", 0)
        with KafkaBroker() as first, KafkaLog(hasty(first.bootstrap)) as log:
            # While there is one broker to hold it; so too the topics of offsets and transactions:
            # with those gone everything fails, whether or not futures are looked at.
            log.create_topics([TopicSpec(healthy.topic)])
            log.writer(f"{name}-first").commit([], {healthy: 0}, group=f"{name}-first")
            copied = KafkaLog(hasty(first.bootstrap, 2))
            with KafkaBroker(join=first) as second, copied:
                until(lambda: n_brokers(first.bootstrap) == 2)
                copied.create_topics([TopicSpec(name)])
                set_topic(first.bootstrap, name, {"min.insync.replicas": "2"})
                writer = log.writer(name)
                writer.commit([Output(name, b"before")], {}, group=name)
                second.stop()
                outputs = [Output(name, b"lost"), Output(healthy.topic, b"neighbour")]
                # Long batches: the first records are given up before flush() loses patience.
                failpoints.configure("half_sends:sleep=1.5")
                with pytest.raises(CommitError, match="must end"):
                    writer.commit(outputs, {docs: 1}, group=name)
                failpoints.configure(None)
                with pytest.raises(CommitError, match="failed before"):
                    writer.commit([Output(healthy.topic, b"again")], {}, group=name)
                # The broker cannot mark the end of the failed transaction before both are back.
                second.start()
                log.writer(name).commit([], {healthy: 0}, group=name)
                assert values(log, docs) == [b"before"]
                assert values(log, healthy) == []
                assert list(log.committed(name, [docs, healthy])) == [healthy]

    @pytest.mark.parametrize("with_successor", [True, False])
    def test_a_writer_that_slept_too_long_commits_nothing(
        self, log: KafkaLog, docs: TopicPartition, name: str, with_successor: bool
    ) -> None:
        """[8, 9] Asleep between flush and commit for longer than its transaction may last."""
        child = Child(log.options.bootstrap_servers, name, name, "after_flush:stop")
        child.wait_stopped()
        if with_successor:
            log.writer(name).commit([Output(name, b"new")], {docs: 3}, group=name)
        end = log.end_offsets([docs])[docs]
        until(lambda: with_successor or log.end_offsets([docs])[docs] > end)
        # Not 70: the time for which it was stopped is no time that the broker was silent.
        assert child.resume() == 75
        assert values(log, docs) == ([b"new"] if with_successor else [])
        assert [mark.offset for mark in log.committed(name, [docs]).values()] == (
            [3] if with_successor else []
        )

    def test_a_commit_that_nobody_answers_ends_the_process(self, name: str) -> None:
        """[13] By the watchdog (70), or because kafka-python gives up in time (71)."""
        if os.environ.get("TOPICSTREAM_TEST_KAFKA"):
            pytest.skip("cannot stop a broker that was given in TOPICSTREAM_TEST_KAFKA")
        with KafkaBroker() as broker, KafkaLog(KafkaOptions(broker.bootstrap)) as log:
            log.create_topics([TopicSpec(name)])
            child = Child(broker.bootstrap, name, name, "in_commit:stop")
            child.wait_stopped()
            broker.pause()
            status = child.resume()
            broker.resume()
        assert status in {70, 71}

    def test_a_broker_that_was_killed_comes_back_with_what_was_committed(self, name: str) -> None:
        """[12] What was committed stays; the writer ends, and the next one goes on."""
        if os.environ.get("TOPICSTREAM_TEST_KAFKA"):
            pytest.skip("cannot kill a broker that was given in TOPICSTREAM_TEST_KAFKA")
        with KafkaBroker() as broker, KafkaLog(hasty(broker.bootstrap)) as log:
            log.create_topics([TopicSpec(name)])
            docs = TopicPartition(name, 0)
            writer = log.writer(name)
            writer.commit([Output(name, b"kept")], {docs: 1}, group=name)
            broker.kill()
            with pytest.raises(CommitError):
                writer.commit([Output(name, b"lost")], {docs: 2}, group=name)
            broker.start()
            log.writer(name).commit([Output(name, b"next")], {docs: 2}, group=name)
            assert values(log, docs) == [b"kept", b"next"]

    def test_no_transaction_is_left_hanging(self, kafka_bootstrap: str) -> None:
        until(lambda: hanging(kafka_bootstrap) == [])


class TestRead:
    def test_poison_is_handed_over_as_it_is(
        self, log: KafkaLog, docs: TopicPartition, name: str
    ) -> None:
        """[23] A deserializer that raises would leave kafka-python spinning for ever."""
        poison = [b"ok", b"\xff\xfe\x00", b"", b"{", b"[" * 100_000, b"ok too"]
        log.writer(name).commit([Output(name, value) for value in poison], {}, group=name)
        assert [record.value for record in read_some(log.reader({docs: 0}), 6)] == poison

    def test_a_group_is_told_when_its_records_are_gone(
        self, log: KafkaLog, docs: TopicPartition, name: str
    ) -> None:
        """[18] ``auto_offset_reset="earliest"`` would skip them in silence."""
        outputs = [Output(name, b"%d" % i) for i in range(4)]
        log.writer(name).commit(outputs, {docs: 1}, group=name)
        log.delete_before({docs: 3})
        reader = log.group_reader([name], name, "anna")
        with pytest.raises(RetentionError, match="deleted before they were read"):
            read_some(reader, 1)
        with pytest.raises(RetentionError):
            reader.poll(1, 0.0)

    def test_a_reader_outlives_a_silent_broker(self, name: str) -> None:
        """A broker that is away is no error, and no reason to wait longer than was asked."""
        if os.environ.get("TOPICSTREAM_TEST_KAFKA"):
            pytest.skip("cannot stop a broker that was given in TOPICSTREAM_TEST_KAFKA")
        with KafkaBroker() as broker, KafkaLog(KafkaOptions(broker.bootstrap)) as log:
            log.create_topics([TopicSpec(name)])
            docs = TopicPartition(name, 0)
            reader = log.reader({docs: 0})
            broker.pause()
            began = time.monotonic()
            assert reader.poll(10, 1.0) == []
            assert time.monotonic() - began < 5.0
            broker.resume()
            log.writer(name).commit([Output(name, b"back")], {}, group=name)
            assert [record.value for record in read_some(reader, 1)] == [b"back"]


class TestGroup:
    def test_a_member_that_was_silent_too_long_commits_nothing(
        self, kafka_bootstrap: str, name: str
    ) -> None:
        """[22] kafka-python would commit under generation -1, which the broker takes."""
        options = KafkaOptions(
            kafka_bootstrap, max_poll_interval_ms=1_000, session_timeout_ms=1_000
        )
        with KafkaLog(options) as log:
            log.create_topics([TopicSpec(name)])
            docs = TopicPartition(name, 0)
            writer = log.writer(name)
            writer.commit([Output(name, b"a")], {}, group=name)
            reader = log.group_reader([name], name, "anna")
            read_some(reader, 1)
            positions = reader.positions()
            until(lambda: reader._consumer.group_metadata().generation_id < 0)
            with pytest.raises(FencedError):
                writer.commit([Output(name, b"zombie")], positions, group=name, member=reader)
            assert values(log, docs) == [b"a"]
            assert log.committed(name, [docs]) == {}

    def test_a_partition_that_went_to_another_member_is_not_committed(
        self, log: KafkaLog, name: str
    ) -> None:
        """[20] The second member takes half; what the first had read of that half is refused."""
        log.create_topics([TopicSpec(name, n_partitions=2)])
        parts = log.partitions(name)
        outputs = [Output(name, b"%d" % part.partition, None, part.partition) for part in parts]
        log.writer(f"{name}-source").commit(outputs, {}, group=name)
        anna = log.group_reader([name], name, "anna")
        read_some(anna, 2)
        read = anna.positions()
        assert sorted(read) == parts
        bert = log.group_reader([name], name, "bert")
        taken: list[Record] = []
        deadline = time.monotonic() + PATIENCE_S
        while not taken:
            assert time.monotonic() < deadline
            assert anna.poll(10, 0.1) == []
            taken += bert.poll(10, 0.1)
        (record,) = taken
        writer = log.writer(name)
        with pytest.raises(FencedError, match="must end"):
            writer.commit([Output(name, b"zombie")], read, group=name, member=anna)
        theirs = TopicPartition(name, record.partition)
        log.writer(name).commit([], {theirs: 1}, group=name, member=bert)
        assert list(log.committed(name, parts)) == [theirs]


class TestAddress:
    def test_nobody_there_is_said_within_ten_seconds(self) -> None:
        address = f"127.0.0.1:{free_port()}"
        began = time.monotonic()
        with pytest.raises(UnavailableError, match=f"{address}.*check that the broker runs"):
            KafkaLog(KafkaOptions(address)).partitions("documents")
        assert time.monotonic() - began < 10.0

    @pytest.mark.parametrize("address", ["localhost", "kafka:port", ":9092", "host:0"])
    def test_what_is_no_address_is_said_at_once(self, address: str) -> None:
        with pytest.raises(UnavailableError, match="write host:port"):
            KafkaLog(KafkaOptions(address)).partitions("documents")


class TestTopics:
    def test_missing_topic_names_itself(self, log: KafkaLog, name: str) -> None:
        with pytest.raises(TopicError, match=f"no topic '{name}'"):
            log.partitions(name)
        with pytest.raises(TopicError, match=f"no topic '{name}'"):
            log.group_reader([name], name, "anna")

    def test_policy_that_loses_records_is_refused(self, log: KafkaLog, name: str) -> None:
        log.create_topics([TopicSpec(name, cleanup="compact")])
        with pytest.raises(TopicError, match=r"cleanup\.policy=compact.*kafka-configs\.sh"):
            log.create_topics([TopicSpec(name)])

    def test_records_that_expire_are_no_compacted_topic(self, log: KafkaLog, name: str) -> None:
        log.create_topics([TopicSpec(name, retention_ms=60_000)])
        with pytest.raises(TopicError, match=r"cleanup\.policy=delete"):
            log.create_topics([TopicSpec(name, cleanup="compact")])

    def test_too_few_partitions_are_refused(self, log: KafkaLog, name: str) -> None:
        log.create_topics([TopicSpec(name, n_partitions=2)])
        log.create_topics([TopicSpec(name, n_partitions=1)])
        with pytest.raises(TopicError, match="has 2 partitions and needs 3"):
            log.create_topics([TopicSpec(name, n_partitions=3)])

    def test_a_refusal_to_create_says_how_to_do_it_by_hand(
        self, kafka_bootstrap: str, name: str
    ) -> None:
        options = KafkaOptions(kafka_bootstrap, replication_factor=99)
        with (
            KafkaLog(options) as log,
            pytest.raises(TopicError, match=r"kafka-topics\.sh --create"),
        ):
            log.create_topics([TopicSpec(name)])

    def test_records_too_large_for_a_topic_are_refused_before_there_is_one(
        self, log: KafkaLog, docs: TopicPartition
    ) -> None:
        log.create_topics([TopicSpec(docs.topic)])
        larger = KafkaOptions(log.options.bootstrap_servers, max_record_bytes=2_000_000)
        with (
            KafkaLog(larger) as other,
            pytest.raises(TopicError, match=r"max\.message\.bytes"),
        ):
            other.create_topics([TopicSpec(docs.topic)])


def test_a_broker_that_cannot_start_says_why() -> None:
    with pytest.raises(ServiceError, match=r"ended while starting|cannot format"):
        KafkaBroker({"listeners": "NONSENSE"}).start()
