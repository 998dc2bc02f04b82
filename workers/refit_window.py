"""The documents that a refit looks at, read from the embeddings topic."""

from __future__ import annotations

from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topicstream.model.centroids import Embeddings
from topicstream.model.refit.sampling import FAINTEST, time_biased
from topicstream.model.refit.settings import RefitSettings
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Record, TopicPartition
from topicstream.workers.batches import decode_batch
from topicstream.workers.names import TopicNames
from topicstream.workers.refits import RefitError

LEAST = 50  # documents; in fewer nothing can be found
_POLL_RECORDS, _POLL_S = 2_000, 1.0


class Sample(NamedTuple):
    """Texts and embeddings, (n_documents, n_dimensions), of documents that the model has seen."""

    texts: list[str]
    embeddings: Embeddings


def read_window(
    log: Transport, names: TopicNames, n_dimensions: int | None, settings: RefitSettings
) -> Sample:
    """Return a sample of the documents that the model has answered, older ones rarer.

    Parameters
    ----------
    log
        Where the topics are.
    names
        Their names.
    n_dimensions
        Width of the model's embeddings.
    settings
        Size, half-life and seed of the sample.

    Raises
    ------
    RefitError
        The model has answered fewer than 50 documents.

    """
    parts = log.partitions(names.embeddings)
    ends = {part: mark.offset for part, mark in log.committed(names.model_group, parts).items()}
    records = [
        record
        for part, offsets in _chosen(log.beginning_offsets(ends), ends, settings).items()
        for record in _read(log, part, offsets)
    ]
    documents = decode_batch(records, n_dimensions)
    if len(documents.items) < LEAST:
        raise RefitError(
            f"topic {names.embeddings!r} holds {len(documents.items)} documents that the model has "
            f"answered; a refit needs {LEAST} at least: let the service run for longer"
        )
    return Sample([item.text for item in documents.items], documents.embeddings)


def _chosen(
    begins: dict[TopicPartition, int], ends: dict[TopicPartition, int], settings: RefitSettings
) -> dict[TopicPartition, NDArray[np.int64]]:
    """Return the offsets to read of each partition, ascending.

    Partitions are thought of as written in turn, each at an even pace.
    """
    parts = [part for part in sorted(ends) if ends[part] > begins[part]]
    reach = max(settings.window, int(FAINTEST * settings.half_life))
    lengths = np.array([min(ends[p] - begins[p], reach) for p in parts], dtype=np.int64)
    which = np.repeat(np.arange(len(parts)), lengths)
    place = np.concatenate([np.zeros(0, np.int64), *(np.arange(n) for n in lengths)])
    order = np.lexsort((which, place - lengths[which])) if parts else which
    taken = order[time_biased(len(order), settings.window, settings.half_life, settings.seed)]
    return {
        part: ends[part] - lengths[number] + np.sort(place[taken[which[taken] == number]])
        for number, part in enumerate(parts)
    }


def _read(log: Transport, part: TopicPartition, offsets: NDArray[np.int64]) -> list[Record]:
    if not len(offsets):
        return []
    wanted, last = {*offsets.tolist()}, int(offsets[-1])
    found: list[Record] = []
    with closing(log.reader({part: int(offsets[0])})) as reader:
        # The last one may be the marker of a transaction, which is no record.
        while reader.positions()[part] <= last:
            found += [r for r in reader.poll(_POLL_RECORDS, _POLL_S) if r.offset in wanted]
    return found
