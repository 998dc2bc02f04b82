"""What a batch writes: assignments, drift events, topics that have changed, dead letters."""

from __future__ import annotations

from topicstream.model.online import OnlineTopicModel, Step
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Output
from topicstream.workers.batches import Documents, assignments, drift_record, topic_record
from topicstream.workers.messages import dead_letter
from topicstream.workers.names import TopicNames


class Answers:
    """Turns what a model says of a batch into records.

    Parameters
    ----------
    transport
        Where they will be written.
    names
        Names of the topics.

    """

    def __init__(self, transport: Transport, names: TopicNames) -> None:
        self._transport, self._names = transport, names
        self._n_partitions = 1
        self._described: dict[int, bytes] = {}

    def begin(self, model: OnlineTopicModel) -> None:
        """Take the topics as `model` has them for written."""
        self._n_partitions = len(self._transport.partitions(self._names.assignments))
        self._described = _described(model)

    def of(self, documents: Documents, step: Step, model: OnlineTopicModel) -> list[Output]:
        """Return what is to be written for one batch.

        Parameters
        ----------
        documents
            The batch.
        step
            What the model said of it.
        model
            The model, after it.

        """
        names, labels = self._names, model.labels()
        limit = self._transport.max_record_bytes // 4
        letters = [
            dead_letter(record, refused, max_payload_bytes=limit)
            for record, refused in documents.refused
        ]
        return [
            *assignments(documents, step, labels, names, self._n_partitions),
            *(Output(names.drift, drift_record(event, labels)) for event in step.events),
            *self._changed(_described(model)),
            *(Output(names.deadletter, letter) for letter in letters),
        ]

    def _changed(self, topics: dict[int, bytes]) -> list[Output]:
        before, self._described = self._described, topics
        values = {n: value for n, value in topics.items() if before.get(n) != value}
        gone = dict.fromkeys(number for number in before if number not in topics)
        return [
            Output(self._names.topics, value, str(number).encode())
            for number, value in {**values, **gone}.items()
        ]


def _described(model: OnlineTopicModel) -> dict[int, bytes]:
    return {topic.id: topic_record(topic) for topic in model.topics(fresh=False)}
