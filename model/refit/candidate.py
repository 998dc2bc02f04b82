"""A refit as a value: its topics, whose they are, and the file that it travels in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy.sparse import csr_array

from topicstream.model.arrays import part_of, sparse_of, sparse_parts
from topicstream.model.closeness import N_BINS
from topicstream.model.errors import ModelError

FORMAT, VERSION = "topicstream.refit", 1
_ARRAYS = ("sums", "weights", "similarity", "histograms")
_META = "candidate"


class CandidateError(ModelError):
    """A refit cannot be read, or does not fit the model."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Topics found anew, ready to be swapped in.

    Parameters
    ----------
    embedder
        Name of the embedder that the vectors came from; None when it is not known.
    sequence
        Batch of the model that they were matched with.
    known
        Ids of the topics that lived then; a topic born since stays as it is.
    stays
        Those of them that the refit leaves as they are.
    keeps
        Id that each topic goes on; -1 for a new one.
    parents
        Topic that the documents of a new one come from; -1 for none.
    into
        Ids of topics that are no more, and the topic of the refit that each went into.
    rests
        Ids of topics that have hardly any documents left.
    n_documents
        Documents that the topics were found in.
    coherence
        Mean NPMI of the words on those documents, of the live topics and of these; None where it
        was not measured.
    sums, weights, similarity
        As in `Centroids`: (n_topics, n_dimensions), (n_topics,) and (n_topics,), float64.
    histograms
        As in `Closeness`: (n_topics, 512), float64.
    counts
        Term counts, (n_topics, n_terms).
    terms
        The term of each column.

    """

    embedder: str | None
    sequence: int
    known: tuple[int, ...]
    stays: tuple[int, ...]
    keeps: tuple[int, ...]
    parents: tuple[int, ...]
    into: dict[int, int]
    rests: tuple[int, ...]
    n_documents: int
    coherence: tuple[float, float] | None
    sums: NDArray[np.float64]
    weights: NDArray[np.float64]
    similarity: NDArray[np.float64]
    histograms: NDArray[np.float64]
    counts: csr_array
    terms: list[str]

    def __len__(self) -> int:
        return len(self.keeps)

    @property
    def is_empty(self) -> bool:
        """Whether the refit leaves every topic as it is."""
        return not self.keeps and not self.rests

    @property
    def n_dimensions(self) -> int:
        """Return the width of an embedding."""
        return int(self.sums.shape[1])


def encode(candidate: Candidate) -> bytes:
    """Return a candidate as one file: safetensors, with JSON for what is no array."""
    arrays = {name: getattr(candidate, name) for name in _ARRAYS}
    arrays |= {f"counts.{name}": part for name, part in sparse_parts(candidate.counts).items()}
    meta = {
        "format": FORMAT,
        "version": VERSION,
        "embedder": candidate.embedder,
        "sequence": candidate.sequence,
        "known": candidate.known,
        "stays": candidate.stays,
        "keeps": candidate.keeps,
        "parents": candidate.parents,
        "into": sorted(candidate.into.items()),
        "rests": candidate.rests,
        "n_documents": candidate.n_documents,
        "coherence": candidate.coherence,
        "terms": candidate.terms,
    }
    # safetensors 0.8.0 writes arrays that are not C-contiguous in memory order: silent garbage.
    # And only one entry of metadata has one order.
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return bytes(save(arrays, {_META: json.dumps(meta, sort_keys=True)}))


def decode(content: bytes) -> Candidate:
    """Return the candidate that `encode` turned into a file.

    Raises
    ------
    CandidateError
        The file is damaged, or of another program or version, or its parts do not fit.

    """
    try:
        meta, arrays = _meta(content), load(content)
        if (meta.get("format"), meta.get("version")) != (FORMAT, VERSION):
            raise CandidateError(
                f"the refit says format {meta.get('format')!r}, version {meta.get('version')!r}; "
                f"this program reads {FORMAT!r}, version {VERSION}"
            )
        candidate = _candidate(meta, arrays)
    except (ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
        raise CandidateError(f"the refit cannot be read: {error!r}") from error
    _check(candidate)
    return candidate


def _meta(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    found: dict[str, Any] = json.loads(header["__metadata__"][_META])
    return found


def _candidate(meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Candidate:
    coherence = meta["coherence"]
    return Candidate(
        embedder=meta["embedder"],
        sequence=meta["sequence"],
        known=tuple(meta["known"]),
        stays=tuple(meta["stays"]),
        keeps=tuple(meta["keeps"]),
        parents=tuple(meta["parents"]),
        rests=tuple(meta["rests"]),
        into={int(topic): int(other) for topic, other in meta["into"]},
        n_documents=meta["n_documents"],
        coherence=None if coherence is None else (float(coherence[0]), float(coherence[1])),
        sums=arrays["sums"],
        weights=arrays["weights"],
        similarity=arrays["similarity"],
        histograms=arrays["histograms"],
        counts=sparse_of(part_of(arrays, "counts")),
        terms=meta["terms"],
    )


def _check(candidate: Candidate) -> None:
    n_topics = len(candidate)
    shapes = {
        "parents": (len(candidate.parents),) == (n_topics,),
        "sums": candidate.sums.ndim == 2 and len(candidate.sums) == n_topics,
        "weights": candidate.weights.shape == (n_topics,),
        "similarity": candidate.similarity.shape == (n_topics,),
        "histograms": candidate.histograms.shape == (n_topics, N_BINS),
        "counts": candidate.counts.shape == (n_topics, len(candidate.terms)),
        "into": all(0 <= topic < n_topics for topic in candidate.into.values()),
        "ids": _each_once(candidate),
    }
    wrong = [name for name, fits in shapes.items() if not fits]
    wrong += [name for name in _ARRAYS if not np.isfinite(getattr(candidate, name)).all()]
    if wrong:
        raise CandidateError(
            f"the refit's {', '.join(wrong)} do not fit its {n_topics} topics, or hold numbers "
            "that are not finite; make it again"
        )


def _each_once(candidate: Candidate) -> bool:
    """Say whether every topic that lived has one fate, and no other."""
    kept = [topic for topic in candidate.keeps if topic >= 0]
    fates = [*candidate.stays, *kept, *candidate.into, *candidate.rests]
    return sorted(fates) == sorted(candidate.known)
