"""Topics of Kafka: made where they are missing, looked at where they exist."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType

from topicstream.stream.errors import TopicError
from topicstream.stream.kafka_admin import PatientAdmin
from topicstream.stream.kafka_failures import asking, told
from topicstream.stream.kafka_options import ROOM_FOR_HEADERS, KafkaOptions
from topicstream.stream.records import TopicPartition, TopicSpec

logger = logging.getLogger(__name__)

_BROKER_MAX_MESSAGE_BYTES = 1_048_588


def create_topics(admin: PatientAdmin, options: KafkaOptions, specs: Sequence[TopicSpec]) -> None:
    """Create the topics that are missing, and check all of them.

    Parameters
    ----------
    admin
        Client to ask.
    options
        Where Kafka is, and how many copies to keep.
    specs
        How the topics have to look.

    Raises
    ------
    TopicError
        A topic is missing and may not be created, has too few partitions, or a cleanup policy
        that would lose data.

    """
    if not specs:
        return
    present = _present(admin, options, [spec.name for spec in specs])
    missing = [spec for spec in specs if spec.name not in present]
    if missing:
        _create(admin, options, missing)
    for spec in specs:
        if spec.name in present:
            _check(spec, present[spec.name], _settings(admin, options, spec.name), options)


def partitions(admin: PatientAdmin, options: KafkaOptions, topic: str) -> list[TopicPartition]:
    """Return the partitions of `topic`, in order; TopicError when there is no such topic."""
    present = _present(admin, options, [topic])
    if topic not in present:
        raise TopicError(
            f"Kafka at {options.bootstrap_servers} has no topic {topic!r}; create it, or check "
            "the name"
        )
    return [TopicPartition(topic, number) for number in range(present[topic])]


def _present(admin: PatientAdmin, options: KafkaOptions, names: list[str]) -> dict[str, int]:
    """Return the number of partitions of each of the topics that exist."""
    with asking(options.bootstrap_servers, f"describe topics {', '.join(names)}"):
        found = admin.describe_topics(names)
        return {
            topic["name"]: len(topic["partitions"])
            for topic in found
            if _exists(topic["error_code"])
        }


def _exists(error_code: int) -> bool:
    error = errors.for_code(error_code)
    if error in {errors.UnknownTopicOrPartitionError, errors.InvalidTopicError}:
        return False
    # While it is being made a topic has no leader yet, and exists all the same.
    if error not in {errors.NoError, errors.LeaderNotAvailableError}:
        raise error
    return True


def _create(admin: PatientAdmin, options: KafkaOptions, specs: Sequence[TopicSpec]) -> None:
    names = ", ".join(spec.name for spec in specs)
    try:
        admin.create_topics({spec.name: _wanted(spec, options) for spec in specs})
    except errors.TopicAlreadyExistsError:
        logger.info("another process has just created some of %s", names)
    except errors.KafkaError as error:
        raise TopicError(
            f"Kafka at {options.bootstrap_servers} refused to create {names} ({told(error)}); "
            "allow this user to create topics, or create them by hand: "
            + "; ".join(_by_hand(spec) for spec in specs)
        ) from error
    with asking(options.bootstrap_servers, f"see the new topics {names}"):
        admin.wait_for_topics([spec.name for spec in specs])


def _wanted(spec: TopicSpec, options: KafkaOptions) -> dict[str, Any]:
    return {
        "num_partitions": spec.n_partitions,
        "replication_factor": options.replication_factor,
        "configs": {**_policy(spec), **_size(options)},
    }


def _policy(spec: TopicSpec) -> dict[str, str]:
    kept = -1 if spec.retention_ms is None else spec.retention_ms
    return {"cleanup.policy": spec.cleanup, "retention.ms": str(kept)}


def _size(options: KafkaOptions) -> dict[str, str]:
    needed = options.max_record_bytes + ROOM_FOR_HEADERS
    return {"max.message.bytes": str(needed)} if needed > _BROKER_MAX_MESSAGE_BYTES else {}


def _by_hand(spec: TopicSpec) -> str:
    settings = " ".join(f"--config {name}={value}" for name, value in _policy(spec).items())
    return (
        f"kafka-topics.sh --create --topic {spec.name} --partitions {spec.n_partitions} {settings}"
    )


def _settings(admin: PatientAdmin, options: KafkaOptions, topic: str) -> dict[str, str]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    try:
        with asking(options.bootstrap_servers, f"read the settings of topic {topic!r}"):
            described = admin.describe_configs([resource], config_filter="all")["topic"][topic]
    except TopicError as error:
        logger.warning("%s. Its cleanup policy remains unchecked", error)
        return {}
    return {name: entry["value"] for name, entry in described.items()}


def _check(
    spec: TopicSpec, n_partitions: int, settings: Mapping[str, str], options: KafkaOptions
) -> None:
    if n_partitions < spec.n_partitions:
        raise TopicError(
            f"topic {spec.name!r} has {n_partitions} partitions and needs {spec.n_partitions}; add "
            f"them (kafka-topics.sh --alter --topic {spec.name} --partitions {spec.n_partitions})"
        )
    _check_policy(spec, settings)
    _check_retention(spec, settings)
    _check_size(spec, settings, options)


def _check_policy(spec: TopicSpec, settings: Mapping[str, str]) -> None:
    policy = settings.get("cleanup.policy", spec.cleanup)
    endless = policy == "delete" and _keeps_for_ever(settings)
    if policy == spec.cleanup or (spec.cleanup == "compact" and endless):
        return
    lost = "records with the same key" if spec.cleanup == "delete" else "old keys"
    raise TopicError(
        f"topic {spec.name!r} has cleanup.policy={policy}, which would lose {lost}; set it to "
        f"{spec.cleanup} (kafka-configs.sh --alter --topic {spec.name} --add-config "
        f"cleanup.policy={spec.cleanup}), or name another topic"
    )


def _keeps_for_ever(settings: Mapping[str, str]) -> bool:
    return settings.get("retention.ms") == "-1" and settings.get("retention.bytes", "-1") == "-1"


def _check_retention(spec: TopicSpec, settings: Mapping[str, str]) -> None:
    kept = int(settings.get("retention.ms", "-1"))
    wanted = spec.retention_ms
    if spec.cleanup == "delete" and kept >= 0 and (wanted is None or kept < wanted):
        logger.warning(
            "topic %r keeps records for %d ms only (retention.ms), and %s was asked for: what is "
            "deleted before it was read is lost",
            spec.name,
            kept,
            "for ever" if wanted is None else f"{wanted} ms",
        )


def _check_size(spec: TopicSpec, settings: Mapping[str, str], options: KafkaOptions) -> None:
    largest = int(settings.get("max.message.bytes", _BROKER_MAX_MESSAGE_BYTES))
    needed = options.max_record_bytes + ROOM_FOR_HEADERS
    if largest < needed:
        raise TopicError(
            f"topic {spec.name!r} takes records up to max.message.bytes={largest} and needs "
            f"{needed}, for max_record_bytes={options.max_record_bytes} with key and headers; "
            "raise the first or lower the second"
        )
