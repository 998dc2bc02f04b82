"""The timeline counts exactly, stays small, and goes on after a snapshot as if there were none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from topicstream.model import timeline_words
from topicstream.model.timeline import Timeline
from topicstream.model.timeline_settings import DAY_S, TimelineSettings
from topicstream.model.vocabulary import Occurrences

TERMS = [f"t{i}" for i in range(300)]
SMALL = TimelineSettings(n_bins=8, n_words=3)
YEAR_S = 365 * DAY_S


@dataclass(frozen=True)
class Batch:
    """What `Timeline.add` takes, but for the vocabulary."""

    topics: NDArray[np.int64]
    times: NDArray[np.float64]
    found: Occurrences
    embeddings: NDArray[np.float32]

    def into(self, timeline: Timeline, terms: list[str] = TERMS) -> None:
        timeline.add(self.topics, self.times, self.found, terms, self.embeddings)


def batch(
    times: Any, topics: Any = 0, *, n_terms: int = 6, seed: int = 0, n_topics: int = 0
) -> Batch:
    random = np.random.default_rng(seed)
    times = np.asarray(times, dtype=np.float64)
    n = len(times)
    topics = random.integers(-1, n_topics, n) if n_topics else np.full(n, topics)
    columns = np.minimum(random.zipf(1.5, n * n_terms) - 1, len(TERMS) - 1)
    embeddings = random.normal(size=(n, 4)).astype(np.float32)
    found = Occurrences(np.repeat(np.arange(n), n_terms), columns.astype(np.int64))
    parts = (topics.astype(np.int64), times, found.documents, found.columns, embeddings)
    for part in parts:
        part.flags.writeable = False
    return Batch(parts[0], times, found, embeddings)


def stream(seed: int, n_batches: int = 6, span_s: float = 40_000.0) -> list[Batch]:
    random = np.random.default_rng(seed)
    return [
        batch(span_s * i + random.uniform(0, 2 * span_s, 12), n_topics=4, seed=seed + i)
        for i in range(n_batches)
    ]


def same(one: Timeline, other: Timeline) -> bool:
    left, right = one.arrays(), other.arrays()
    return sorted(left) == sorted(right) and all(
        (left[name].dtype, left[name].shape, left[name].tobytes())
        == (right[name].dtype, right[name].shape, right[name].tobytes())
        for name in left
    )


def again(timeline: Timeline, terms: list[str] = TERMS) -> Timeline:
    return Timeline.from_arrays(timeline.settings, timeline.arrays(), terms)


@pytest.fixture(autouse=True)
def settle_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let words be settled in the middle of these short streams."""
    monkeypatch.setattr(timeline_words, "ENOUGH", 100)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000), st.integers(0, 6), st.sampled_from([10.0, 4e4, 1e7]))
def test_a_timeline_goes_on_from_its_arrays_as_if_never_cut(
    seed: int, cut: int, span_s: float
) -> None:
    batches = stream(seed, span_s=span_s)
    whole, parts = Timeline(SMALL), Timeline(SMALL)
    for i, one in enumerate(batches):
        if i == cut:
            parts = again(parts)
        one.into(whole)
        one.into(parts)
        if i == 3:
            for timeline in (whole, parts):
                timeline.relabel({2: 1})

    assert same(whole, parts)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000), st.sampled_from([10.0, 4e4, 1e7]))
def test_no_document_is_lost_or_counted_twice_however_bins_merge(seed: int, span_s: float) -> None:
    timeline, expected = Timeline(SMALL), Counter[int]()
    for one in stream(seed, span_s=span_s):
        one.into(timeline)
        expected.update(one.topics.tolist())

    sizes = timeline.sizes()

    found = dict(zip(sizes.topics.tolist(), sizes.counts.sum(axis=1).tolist(), strict=True))
    assert found == dict(expected)
    assert len(timeline.bins[0]) <= SMALL.n_bins
    assert (timeline.bins[0][1:] >= timeline.bins[1][:-1]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000))
def test_a_word_is_counted_too_rarely_by_no_more_than_missed(seed: int) -> None:
    timeline, true = Timeline(SMALL), Counter[tuple[int, str]]()
    for one in stream(seed, n_batches=10, span_s=1e6):
        one.into(timeline)
        topics = one.topics[one.found.documents].tolist()
        true.update(zip(topics, [TERMS[i] for i in one.found.columns.tolist()], strict=True))

    for topic in range(-1, 4):
        slices = timeline.slices([topic], n_words=99)
        counted = Counter[str]()
        for one_slice in slices:
            counted.update(dict(one_slice.words))
        missed = sum(one_slice.missed for one_slice in slices)
        for (of, term), count in true.items():
            if of == topic:
                assert counted[term] <= count <= counted[term] + missed


def test_words_are_exact_while_there_is_room_for_them() -> None:
    timeline = Timeline(TimelineSettings(n_words=1_000))
    one = batch(np.zeros(500), seed=3)
    one.into(timeline)

    (found,) = timeline.slices(n_words=1_000)

    assert dict(found.words) == Counter(TERMS[i] for i in one.found.columns.tolist())
    assert found.missed == 0


def test_frequent_words_survive_batches_of_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_words, "ENOUGH", 2_000)
    timeline = Timeline(TimelineSettings(n_words=5))
    random = np.random.default_rng(0)
    for i in range(300):
        columns = np.append(random.integers(10, 300, 20), i % 3)  # t0, t1, t2 in a third each
        found = Occurrences(np.zeros(21, dtype=np.int64), columns)
        one = batch([float(i)])
        timeline.add(one.topics, one.times, found, TERMS, one.embeddings)

    words = {word for one_slice in timeline.slices(n_words=5) for word, _ in one_slice.words}

    assert {"t0", "t1", "t2"} <= words


def test_a_document_of_the_year_2150_leaves_the_last_days_as_fine_as_they_were() -> None:
    days = [batch(day * DAY_S + np.arange(24) * 3_600.0) for day in range(400)]
    clean, hit = Timeline(), Timeline()
    for day, one in enumerate(days):
        one.into(clean)
        one.into(hit)
        if day % 100 == 50:
            batch([180 * YEAR_S]).into(hit)

    widest = []
    for timeline in (clean, hit):
        starts, ends = timeline.bins
        recent = (starts >= 390 * DAY_S) & (starts < 400 * DAY_S)
        widest.append((ends - starts)[recent].max())

    assert max(widest) <= DAY_S
    assert hit.bins[1][-1] > 179 * YEAR_S


def test_old_bins_widen_and_new_ones_stay_fine() -> None:
    timeline = Timeline()
    for day in range(730):
        batch(day * DAY_S + np.arange(48) * 1_800.0).into(timeline)

    starts, ends = timeline.bins
    widths = ends - starts

    assert len(starts) <= 256
    assert widths.max() <= 14 * DAY_S
    assert widths[starts > 630 * DAY_S].max() <= DAY_S
    assert widths[starts > 729 * DAY_S].max() <= DAY_S / 4
    assert (starts % DAY_S == 0)[widths >= DAY_S].all()


def test_a_late_document_lands_in_the_wide_bin_that_covers_it() -> None:
    timeline = Timeline(SMALL)
    for hour in range(100):
        batch([hour * 3_600.0]).into(timeline)
    before = timeline.sizes()

    batch([3_700.0]).into(timeline)

    after = timeline.sizes()
    assert np.array_equal(after.since, before.since)
    assert after.counts[0, 0] == before.counts[0, 0] + 1


def test_a_document_older_than_all_others_opens_a_bin() -> None:
    timeline = Timeline(SMALL)
    batch([1e9, 1e9 + 60]).into(timeline)
    batch([5.0]).into(timeline)

    assert timeline.sizes().since[0] == 0.0


def test_documents_beyond_the_bound_of_lateness_are_counted_apart() -> None:
    timeline = Timeline(TimelineSettings(lateness=3_600.0))
    batch(np.full(10, 1e6)).into(timeline)
    batch([1e6 - 3_700, 1e6 - 3_500]).into(timeline)

    assert (timeline.n_too_late, timeline.n_documents) == (1, 11)
    assert again(timeline).n_too_late == 1


def test_a_batch_of_late_documents_alone_adds_nothing() -> None:
    timeline = Timeline(TimelineSettings(lateness=0.0))
    batch(np.full(10, 1e6)).into(timeline)
    batch([0.0]).into(timeline)

    assert (timeline.n_too_late, timeline.n_documents) == (1, 10)


def test_topics_that_become_one_have_the_sum_of_both() -> None:
    timeline, apart = Timeline(SMALL), Timeline(SMALL)
    for one in stream(5):
        one.into(timeline)
        one.into(apart)
    timeline.relabel({2: 1})

    sizes, before = timeline.sizes(), apart.sizes()

    rows = [before.topics.tolist().index(topic) for topic in (1, 2)]
    assert 2 not in sizes.topics
    assert np.array_equal(
        sizes.counts[sizes.topics.tolist().index(1)], before.counts[rows].sum(axis=0)
    )


def test_ids_can_change_places() -> None:
    timeline, before = Timeline(SMALL), Timeline(SMALL)
    for one in stream(6):
        one.into(timeline)
        one.into(before)
    timeline.relabel({1: 2, 2: 1})

    slices = {(s.topic, s.since): s for s in before.slices()}
    for one_slice in timeline.slices():
        old = {1: 2, 2: 1}.get(one_slice.topic, one_slice.topic)
        assert slices[old, one_slice.since].words == one_slice.words


def test_words_keep_their_meaning_when_the_vocabulary_is_cut_back() -> None:
    timeline, plain = Timeline(), Timeline()
    kept = np.arange(0, 300, 2)
    left = [TERMS[i] for i in kept.tolist()]
    first, second = batch(np.zeros(4), seed=1), batch(np.zeros(50), seed=2)
    second.into(plain)
    first.into(timeline)
    timeline = again(timeline)
    timeline.keep_terms(kept)
    found = second.found
    is_kept = found.columns % 2 == 0
    fewer = Occurrences(found.documents[is_kept], found.columns[is_kept] // 2)
    timeline.add(second.topics, second.times, fewer, left, second.embeddings)

    counted = Counter[str]()
    for one in (first, second):
        counted.update(TERMS[i] for i in one.found.columns.tolist() if i % 2 == 0)
    (found_slice,) = timeline.slices(n_words=20)

    assert found_slice.words
    assert all(word in left and count <= counted[word] for word, count in found_slice.words)
    assert dict(found_slice.words)["t0"] == counted["t0"]


def test_reading_changes_nothing() -> None:
    timeline, unread = Timeline(SMALL), Timeline(SMALL)
    for one in stream(7):
        one.into(timeline)
        one.into(unread)
        timeline.frame()
        timeline.sizes(bin_width=3_600.0)
        timeline.centroids(1)

    assert same(timeline, unread)


def test_the_digest_tells_timelines_apart() -> None:
    one, other = Timeline(), Timeline()
    batch([0.0]).into(one)
    batch([60.0]).into(other)

    assert one.digest != other.digest
    assert again(one).digest == one.digest


def test_a_centroid_is_the_mean_direction() -> None:
    timeline = Timeline()
    found = Occurrences(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    embeddings = np.array([[5.0, 0.0], [0.0, 0.5], [0.0, 0.0]], dtype=np.float32)
    timeline.add(np.zeros(3, dtype=np.int64), np.zeros(3), found, TERMS, embeddings)

    since, until, centroids = timeline.centroids(0)

    assert centroids == pytest.approx(np.full((1, 2), 0.5**0.5))
    assert (since[0], until[0]) == (0.0, 60.0)


def test_an_empty_timeline_can_be_read() -> None:
    timeline = Timeline()
    batch([]).into(timeline)

    assert timeline.sizes(bin_width=60.0).counts.shape == (0, 0)
    assert list(timeline.frame().columns) == ["Topic", "Words", "Frequency", "Timestamp", "Until"]
    assert timeline.slices() == []
    assert same(again(timeline), timeline)


def test_its_room_does_not_grow_with_the_stream() -> None:
    timeline, rooms = Timeline(TimelineSettings(n_bins=16, n_words=5)), []
    for i in range(60):
        times = i * 3e5 + np.linspace(0, 3e5, 200)
        batch(times, n_topics=5, seed=i).into(timeline)
        rooms.append(sum(array.nbytes for array in timeline.arrays().values()))

    assert max(rooms[20:]) < 1.5 * max(rooms[:20])
