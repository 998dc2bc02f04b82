"""The last documents, in which changes of the topics are looked for."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from topicstream.model import rows
from topicstream.model.arrays import Arrays, part_of, sparse_of, sparse_parts
from topicstream.model.centroids import Embeddings, Labels, unit

ALL = slice(None)


class Rows(NamedTuple):
    """Documents, one a row.

    Parameters
    ----------
    embeddings
        (n_documents, n_dimensions); kept in float16, which moves a cosine by less than 0.001.
    topics
        Id of the topic of each, -1 for an outlier.
    nearest
        Id of the nearest topic of each, which an outlier has as well.
    strengths
        Strength of each in its nearest topic.
    weights
        What each weighs.

    """

    embeddings: NDArray[np.float16]
    topics: Labels
    nearest: Labels
    strengths: NDArray[np.float64]
    weights: NDArray[np.float64]


class Recent:
    """The last `size` documents, with the terms of those that lie far from their topic.

    Only these can become a topic of their own.

    Parameters
    ----------
    size
        Documents kept.
    n_dimensions
        Width of an embedding.

    """

    def __init__(self, size: int, n_dimensions: int) -> None:
        self.size = size
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        embeddings = np.zeros((0, n_dimensions), dtype=np.float16)
        self.rows = Rows(embeddings, whole, whole, real, real)
        self.terms = csr_array((0, 0))
        # Hashing all of it with every batch would cost more than keeping it.
        self.digest = hashlib.sha256(b"topicstream.recent").digest()

    def __len__(self) -> int:
        return len(self.rows.topics)

    def add(self, batch: Rows, terms: csr_array) -> NDArray[np.float16]:
        """Add a batch, and return the embeddings of the documents that make room for it.

        Parameters
        ----------
        batch
            The documents.
        terms
            Term counts, (n_documents, n_terms so far); empty rows where they are not wanted.

        """
        self._chain(*batch)
        n_leaving = max(0, len(self) + len(batch.topics) - self.size)
        both: list[tuple[NDArray[Any], NDArray[Any]]] = list(zip(self.rows, batch, strict=True))
        together = [np.concatenate(pair) for pair in both]
        self.rows = Rows(*(column[n_leaving:] for column in together))
        known = rows.widen(self.terms, terms.shape[1])
        self.terms = csr_array(vstack([known, terms], format="csr")[n_leaving:])
        return np.asarray(together[0][:n_leaving])

    def unit_rows(self, which: NDArray[np.int64] | slice = ALL) -> Embeddings:
        """Return the embeddings, or those at `which`, in float32 and of unit length."""
        return unit(self.rows.embeddings[which])

    def move(self, which: NDArray[np.int64], topic: int) -> None:
        """Give the documents at `which` to `topic`."""
        for column in (self.rows.topics, self.rows.nearest):
            column[which] = topic
        self._chain(which, np.int64(topic))

    def replace(self, old: int, new: int) -> None:
        """Give every document of one topic to another one, or to none."""
        for column in (self.rows.topics, self.rows.nearest):
            column[column == old] = new
        self._chain(np.array([old, new]))

    def relabel(self, topics: Labels, nearest: Labels, strengths: NDArray[np.float64]) -> None:
        """Give every document another topic, nearest topic and strength."""
        self.topics, self.nearest, self.strengths = topics, nearest, strengths
        self._chain(topics, nearest, strengths)

    def rescale(self, factor: float) -> None:
        """Multiply every weight by `factor`, a power of two, which is exact."""
        self.rows = self.rows._replace(weights=self.rows.weights * factor)

    def keep_terms(self, columns: NDArray[np.int64]) -> None:
        """Follow a vocabulary that was cut back to `columns`."""
        self.terms = rows.take_columns(self.terms, columns)

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        return {
            **self.rows._asdict(),
            "digest": np.frombuffer(self.digest, dtype=np.uint8),
            **{f"terms.{name}": part for name, part in sparse_parts(self.terms).items()},
        }

    def restore(self, arrays: Arrays) -> None:
        """Become what `arrays` said when a snapshot was taken."""
        self.rows = Rows(*(arrays[name].copy() for name in Rows._fields))
        self.digest = arrays["digest"].tobytes()
        self.terms = sparse_of(part_of(arrays, "terms"))

    def _chain(self, *parts: NDArray[np.generic] | np.int64) -> None:
        digest = hashlib.sha256(self.digest)
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
        self.digest = digest.digest()
