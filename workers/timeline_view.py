"""What a reader is shown of a timeline: each topic's documents and words in equal bins."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from topicstream.model.timeline import Timeline
from topicstream.model.timeline_reading import Sizes, TopicSlice
from topicstream.model.timeline_settings import WIDTHS_S
from topicstream.workers.chart import in_words

_TAIL = 0.001  # of the documents on either side may lie far off
_FAR = 3.0  # times the span of the others
_MARGIN = 0.02
N_WORDS = 5


@dataclass(frozen=True, slots=True)
class ShownTopic:
    """One topic over time.

    Parameters
    ----------
    id, label
        Of the topic.
    counts
        Documents per bin.
    words
        Heaviest words per bin, none where it has no documents.

    """

    id: int
    label: str
    counts: tuple[int, ...]
    words: tuple[tuple[str, ...], ...]

    @property
    def n_documents(self) -> int:
        """Its documents in all bins."""
        return sum(self.counts)

    @property
    def peak(self) -> int:
        """The number of the bin with the most documents, the first of equals."""
        return max(range(len(self.counts)), key=lambda i: (self.counts[i], -i))


@dataclass(frozen=True, slots=True)
class TimelineView:
    """Topics over time, in bins that are all equally wide.

    Parameters
    ----------
    first
        Where the first bin begins, in seconds since 1970.
    width
        Seconds of a bin.
    topics
        The largest first, outliers last.
    notes
        What a reader should know, each a sentence.

    """

    first: float
    width: float
    topics: tuple[ShownTopic, ...]
    notes: tuple[str, ...]

    @property
    def n_bins(self) -> int:
        """Bins that each topic has."""
        return len(self.topics[0].counts) if self.topics else 0

    @property
    def last(self) -> float:
        """Where the last bin ends, in seconds since 1970."""
        return self.first + self.n_bins * self.width

    def bin(self, number: int) -> str:
        """Return which time a bin spans, as people write it, in UTC."""
        return span(self.first + number * self.width, self.first + (number + 1) * self.width)


def view_of(
    timeline: Timeline,
    labels: Mapping[int, str],
    idf: Mapping[str, float] | None = None,
    *,
    topics: Collection[int] | None = None,
    since: float | None = None,
    until: float | None = None,
    bin_width: float | None = None,
    n_bins: int = 100,
) -> TimelineView:
    """Return what is shown of a timeline.

    Parameters
    ----------
    timeline
        The timeline.
    labels
        Topic to label.
    idf
        How much each term sets topics apart; None (default) for as much as it does in the timeline.
    topics
        Ids of those wanted; None (default) for all.
    since, until
        From when to when, in seconds since 1970; without both, a few documents that lie far from
        all others are left out, which a note says.
    bin_width
        Seconds of a bin; wider where the timeline keeps no finer ones, which a note says too.
    n_bins
        Bins at most, about, where `bin_width` does not say.

    """
    kept = timeline.sizes(since=since, until=until)
    notes: list[str] = []
    if since is None and until is None:
        since, until, notes = _main_span(kept)
        kept = timeline.sizes(since=since, until=until)
    if not kept.counts.size:
        return TimelineView(0.0, 1.0, (), ("There are no documents.",))
    width, told = _width(kept, bin_width, n_bins)
    sizes = timeline.sizes(width, since, until)
    found = timeline.slices(
        topics, n_words=N_WORDS, idf=idf, bin_width=width, since=since, until=until
    )
    if not found:
        return TimelineView(0.0, 1.0, (), (*notes, "There are no documents of these topics."))
    first = float(sizes.since[0])
    n = round((float(sizes.until[-1]) - first) / width)
    return TimelineView(first, width, _shown(found, labels, first, width, n), (*notes, *told))


def span(since: float, until: float) -> str:
    """Return from when to when, the last day being within.

    Examples
    --------
    >>> span(0.0, 86_400.0), span(0.0, 4 * 86_400.0), span(0.0, 3_600.0)
    ('1 Jan 1970', '1 Jan 1970 to 4 Jan 1970', '1 Jan 1970 00:00 to 01:00')

    """
    if since % 86_400 == 0 and until % 86_400 == 0:
        first, last = day(since), day(until - 86_400)
        return first if first == last else f"{first} to {last}"
    last = day(until) if day(until) != day(since) else ""
    return f"{day(since)} {_clock(since)} to {last}{' ' if last else ''}{_clock(until)}"


def day(moment: float) -> str:
    """Return the date of a moment, as people write it."""
    time = datetime.fromtimestamp(moment, UTC)
    return f"{time.day} {time:%b} {time.year}"


def _clock(moment: float) -> str:
    time = datetime.fromtimestamp(moment, UTC)
    return f"{time:%H:%M:%S}" if moment % 60 else f"{time:%H:%M}"


def _main_span(kept: Sizes) -> tuple[float | None, float | None, list[str]]:
    """Return from when to when nearly all documents came, no bounds where all are near."""
    per_bin = kept.counts.sum(axis=0)
    if not len(per_bin):
        return None, None, []
    part = np.cumsum(per_bin) / per_bin.sum()
    low, high = np.searchsorted(part, [_TAIL, 1 - _TAIL])
    since, until = float(kept.since[low]), float(kept.until[min(high, len(per_bin) - 1)])
    if kept.until[-1] - kept.since[0] <= _FAR * (until - since):
        return None, None, []
    margin = _MARGIN * (until - since)
    since, until = since - margin, until + margin
    outside = (kept.until <= since) | (kept.since >= until)
    n_outside = int(per_bin[outside].sum())
    ends = " and ".join(day(float(kept.since[i])) for i in _ends(outside))
    documents = "document lies" if n_outside == 1 else "documents lie"
    note = f"{n_outside:,} {documents} far from all others, as far as {ends}, and left out here"
    return since, until, [f"{note}: --from and --to show more."]


def _ends(outside: NDArray[np.bool_]) -> list[int]:
    return [i for i in (0, len(outside) - 1) if outside[i]]


def _width(kept: Sizes, asked: float | None, n_bins: int) -> tuple[float, list[str]]:
    """Return how wide bins are, and what is to be said of it."""
    widest = float((kept.until - kept.since).max())
    if asked is None:
        wanted = max(widest, float(kept.until[-1] - kept.since[0]) / n_bins)
        return float(next(width for width in WIDTHS_S if width >= wanted)), []
    if asked >= widest:
        return asked, []
    return widest, [
        f"A bin is {in_words(widest)} wide, since the oldest time shown is kept no finer; a later "
        "--from allows for narrower ones."
    ]


def _shown(
    found: list[TopicSlice], labels: Mapping[int, str], first: float, width: float, n: int
) -> tuple[ShownTopic, ...]:
    of_topic: dict[int, list[TopicSlice]] = {}
    for one in found:
        of_topic.setdefault(one.topic, []).append(one)
    shown = []
    for topic, slices in of_topic.items():
        counts, words = [0] * n, [()] * n  # type: list[int], list[tuple[str, ...]]
        for one in slices:
            place = round((one.since - first) / width)
            counts[place] += one.n_documents
            words[place] = tuple(word for word, _ in one.words)
        label = labels.get(topic, str(topic))
        shown.append(ShownTopic(topic, label, tuple(counts), tuple(words)))
    return tuple(sorted(shown, key=lambda topic: (topic.id < 0, -topic.n_documents, topic.id)))
