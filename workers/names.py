"""Names of the topics, groups and writers of one service."""

from __future__ import annotations

from dataclasses import dataclass

from topicstream.stream.records import TopicSpec


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Where each kind of record lives.

    Parameters
    ----------
    prefix
        Put before every name, so that several services share one broker; default none.

    Examples
    --------
    >>> names = TopicNames("news.")
    >>> names.documents, names.model_group
    ('news.documents', 'news.model')

    """

    prefix: str = ""

    @property
    def documents(self) -> str:
        """Return the topic that documents come in by."""
        return f"{self.prefix}documents"

    @property
    def embeddings(self) -> str:
        """Return the topic of documents with their vectors."""
        return f"{self.prefix}embeddings"

    @property
    def assignments(self) -> str:
        """Return the topic with one answer for each accepted document."""
        return f"{self.prefix}assignments"

    @property
    def drift(self) -> str:
        """Return the topic of drift events."""
        return f"{self.prefix}drift"

    @property
    def topics(self) -> str:
        """Return the compacted topic that holds the newest description of each topic."""
        return f"{self.prefix}topics"

    @property
    def deadletter(self) -> str:
        """Return the topic of records that were refused, each with its reason."""
        return f"{self.prefix}deadletter"

    @property
    def journal(self) -> str:
        """Return the topic of the journal: one record for each batch of the model."""
        return f"{self.prefix}journal"

    @property
    def embed_group(self) -> str:
        """Return the consumer group of the embed workers."""
        return f"{self.prefix}embed"

    @property
    def model_group(self) -> str:
        """Return the group under which the model worker keeps its offsets."""
        return f"{self.prefix}model"

    @property
    def model_writer(self) -> str:
        """Return the writer id of the model worker: there is one at a time."""
        return f"{self.prefix}model"

    def embed_writer(self, member: str) -> str:
        """Return the writer id of the embed worker called `member`."""
        return f"{self.prefix}embed-{member}"

    def specs(self, n_partitions: int = 1) -> tuple[TopicSpec, ...]:
        """Return how the topics have to look.

        Parameters
        ----------
        n_partitions
            Partitions of documents, embeddings and assignments; default 1.

        Examples
        --------
        >>> [spec.name for spec in TopicNames().specs(4) if spec.n_partitions == 4]
        ['documents', 'embeddings', 'assignments']

        """
        shared = (self.documents, self.embeddings, self.assignments)
        single = (self.drift, self.deadletter, self.journal)
        return (
            *(TopicSpec(name, n_partitions) for name in shared),
            *(TopicSpec(name) for name in single),
            TopicSpec(self.topics, cleanup="compact"),
        )
