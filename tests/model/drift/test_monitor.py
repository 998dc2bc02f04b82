from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.drift.detectors import Detectors, threshold_of
from topicstream.model.drift.monitor import DriftMonitor
from topicstream.model.drift.observation import Observation
from topicstream.model.drift.settings import DriftSettings, DriftSettingsError
from topicstream.model.drift.share import Shares
from topicstream.model.events import DriftEvent

N_TERMS = 600
TERMS = tuple(f"w{i}" for i in range(N_TERMS))
SHARES = np.array([0.02, 0.005, 0.05, 0.105, 0.22, 0.6])  # outliers first


def shares(**changed: float) -> NDArray[np.float64]:
    p = SHARES.copy()
    for row, share in changed.items():
        p[int(row[1:])] = share
    p[5] = 1.0 - p[:5].sum()
    return p


class Feed:
    """Documents of five topics with ten words each."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.sequence = 0
        self.first = np.arange(5) * 100
        self.base = np.full(5, 0.3)
        self.strange = np.full(N_TERMS, 1 / N_TERMS)  # words of the outliers

    def batch(self, n: int, p: NDArray[np.float64] = SHARES) -> Observation:
        counts = self.random.multinomial(n, p)
        topics = counts[1:]
        noise = self.random.normal(size=5) * 0.08 / np.sqrt(np.maximum(topics, 1))
        distances = np.where(topics > 0, self.base + noise, np.nan)
        rows = np.repeat(np.arange(5), topics * 10)
        zipf = 1.0 / np.arange(1, 101)
        draws = self.random.choice(100, len(rows), p=zipf / zipf.sum())
        dense = csr_array(
            (np.ones(len(rows)), (rows, self.first[rows] + draws)), shape=(5, N_TERMS)
        )
        dense.sum_duplicates()
        self.sequence += 1
        outside = csr_array(
            self.random.multinomial(counts[0] * 10, self.strange)[None, :].astype(float)
        )
        examples = {t: (f"{self.sequence}-{t}",) for t in range(-1, 5)}
        return Observation(
            self.sequence, 60.0 * self.sequence, n, np.arange(5), topics.astype(np.int64),
            distances, int(counts[0]), dense, TERMS, examples, outside,
        )  # fmt: skip


def settled(feed: Feed, n: int = 1000) -> DriftMonitor:
    monitor = DriftMonitor()
    for _ in range(30):
        assert monitor.update(feed.batch(n)) == ()
    return monitor


def next_two(monitor: DriftMonitor, feed: Feed, p: NDArray[np.float64]) -> list[DriftEvent]:
    return [e for _ in range(2) for e in monitor.update(feed.batch(1000, p))]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("kind", "topic", "after"),
    [
        ("share_shift", 1, shares(r2=0.15)),
        ("share_shift", 1, shares(r2=0.0)),
        ("share_shift", 0, shares(r1=0.08)),
        ("outlier_shift", -1, shares(r0=0.15)),
    ],
)
def test_a_change_of_share_fires_once_within_two_windows(
    seed: int, kind: str, topic: int, after: NDArray[np.float64]
) -> None:
    feed = Feed(seed)
    monitor = settled(feed)
    events = next_two(monitor, feed, after)
    for _ in range(20):
        events += monitor.update(feed.batch(1000, after))
    own = [e for e in events if (e.kind, e.topic) == (kind, topic)]
    assert [e.sequence in (31, 32) for e in own] == [True]
    assert own[0].score > own[0].threshold
    assert own[0].evidence.share_before == pytest.approx(SHARES[topic + 1], abs=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_new_words_of_a_topic_fire_and_are_named(seed: int) -> None:
    feed = Feed(seed)
    monitor = settled(feed)
    feed.first[2] = 500
    events = [e for e in next_two(monitor, feed, SHARES) if e.kind == "word_shift"]
    assert [e.topic for e in events] == [2]
    assert events[0].evidence.words_before[0] == "w200"
    assert events[0].evidence.words_after[0] == "w500"


@pytest.mark.parametrize("seed", range(5))
def test_a_share_that_grows_over_many_windows_does_not_hide_itself(seed: int) -> None:
    feed = Feed(seed)
    monitor = settled(feed, 250)
    events: list[DriftEvent] = []
    for window in range(12):
        p = shares(r2=0.05 + 0.008 * window)
        events += monitor.update(feed.batch(250, p))
    assert [(e.kind, e.topic) for e in events if e.topic == 1] == [("share_shift", 1)]


def test_a_window_is_learnt_from_only_when_six_more_have_come() -> None:
    parts = Shares(DriftSettings(grace=4), 2)
    for _ in range(20):
        parts.update(np.array([100.0, 900.0]), 1000)
    known = parts.shares.copy()
    for _ in range(6):
        parts.update(np.array([130.0, 870.0]), 1000)
        assert parts.shares == pytest.approx(known, abs=1e-3)
    for _ in range(6):
        parts.update(np.array([130.0, 870.0]), 1000)
    assert parts.shares[0] > known[0] + 2e-3


def test_a_share_that_drifts_slowly_is_not_taken_for_one_that_scatters() -> None:
    parts = Shares(DriftSettings(), 2)
    for window in range(40):
        parts.update(np.array([40.0 + 2 * window, 960.0 - 2 * window]), 1000)
    drifted = parts.excess.max()
    for window in range(40):
        parts.update(np.array([70.0, 930.0]) + 50 * (-1) ** window * np.array([1, -1]), 1000)
    assert drifted <= 0 < parts.excess.min()


def test_a_share_that_has_just_changed_is_known_at_once() -> None:
    parts = Shares(DriftSettings(), 3)
    for _ in range(9):
        parts.update(np.array([100.0, 300.0, 600.0]), 1000)
    parts.restart(np.array([0]), np.array([0.4, 0.2, 0.4]))
    assert parts.shares == pytest.approx([0.4, 0.2, 0.4], abs=0.01)


def test_outliers_that_become_many_are_told_with_the_words_that_are_new_each_time() -> None:
    feed = Feed(0)
    feed.strange = np.where(np.arange(N_TERMS) == 55, 0.5, 0.5 / (N_TERMS - 1))
    monitor = settled(feed)
    told = []
    for word, share in ((77, 0.15), (99, 0.4)):
        feed.strange = np.where(np.arange(N_TERMS) == word, 0.5, 0.5 / (N_TERMS - 1))
        for _ in range(12):
            events = monitor.update(feed.batch(1000, shares(r0=share, r4=0.1)))
            told += [e for e in events if e.topic == -1]
    assert [e.kind for e in told] == ["outlier_shift"] * 2
    assert [e.evidence.words_after[0] for e in told] == ["w77", "w99"]
    assert [e.evidence.words_before[0] for e in told] == ["w55", "w77"]
    assert "w55" not in told[1].evidence.words_before


def test_outliers_without_words_are_told_too() -> None:
    feed = Feed(0)
    monitor = DriftMonitor()
    for _ in range(30):
        monitor.update(replace(feed.batch(1000), outlier_terms=None))
    batch = replace(feed.batch(1000, shares(r0=0.2)), outlier_terms=None)
    (event,) = [e for e in monitor.update(batch) if e.topic == -1]
    assert event.evidence.words_after == ()


def test_a_second_change_soon_after_the_first_has_the_share_between_them() -> None:
    feed = Feed(0)
    monitor = settled(feed)
    before = []
    for share in (0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.02, 0.02):
        batch = feed.batch(1000, shares(r2=share))
        before += [e.evidence.share_before for e in monitor.update(batch) if e.topic == 1]
    assert before == pytest.approx([0.05, 0.2], abs=0.03)


def test_a_topic_that_nearly_vanished_still_has_the_words_that_are_left() -> None:
    feed = Feed(2)
    monitor = settled(feed)
    events = [e for e in next_two(monitor, feed, shares(r2=0.004)) if e.topic == 1]
    assert [e.kind for e in events] == ["share_shift"]
    assert events[0].evidence.words_after != ()


def test_a_topic_further_from_its_centroid_fires() -> None:
    feed = Feed(0)
    monitor = settled(feed)
    feed.base[3] = 0.4
    events = next_two(monitor, feed, SHARES)
    assert [(e.kind, e.topic) for e in events] == [("distance_shift", 3)]


@pytest.mark.parametrize("size", [1, 7, 300, 5000])
def test_a_steady_feed_is_quiet_whatever_the_batch(size: int) -> None:
    feed, monitor = Feed(1), DriftMonitor()
    for _ in range(min(20_000 // size, 3000) + 20):
        assert monitor.update(feed.batch(size)) == ()


@settings(deadline=None, max_examples=25)
@given(cut=st.integers(0, 79), seed=st.integers(0, 20), grace=st.sampled_from([2, 3, 8]))
def test_a_restored_monitor_goes_on_bit_by_bit(cut: int, seed: int, grace: int) -> None:
    feed = Feed(seed)
    sizes = feed.random.integers(1, 600, size=80).tolist()
    batches = [feed.batch(n, shares(r2=0.2) if i > 50 else SHARES) for i, n in enumerate(sizes)]
    batches[40] = replace(batches[40], warm=True)
    chosen = DriftSettings(grace=grace)
    one = two = DriftMonitor(chosen)
    for i, batch in enumerate(batches):
        if i == cut:
            two = DriftMonitor.from_arrays(chosen, one.arrays())
        events = one.update(batch)
        assert two is one or two.update(batch) == events
    left, right = one.arrays(), two.arrays()
    assert {k: v.tobytes() for k, v in left.items()} == {k: v.tobytes() for k, v in right.items()}


@settings(deadline=None)
@given(values=st.lists(st.floats(-9, 9), min_size=1, max_size=30))
def test_a_sum_is_an_event_when_the_latest_inputs_add_up_to_more_than_the_threshold(
    values: list[float],
) -> None:
    detectors = Detectors(1.5, 1)
    for i, value in enumerate(values):
        score = float(detectors.feed(np.array([value]), 5.0)[0])
        latest = np.array(values[: i + 1])[::-1]
        rise, fall = np.cumsum(latest - 1.5).max(), np.cumsum(-latest - 1.5).max()
        assert score == pytest.approx(max(rise, fall) if max(rise, fall) > 5.0 else 0.0)
        if score > 0:
            break


def test_sums_pass_their_threshold_about_as_often_by_chance_as_was_asked_for() -> None:
    random = np.random.default_rng(0)
    detectors = Detectors(0.5, 2_000, only_up=True)
    threshold = threshold_of(500.0, 0.5)
    n_alarms = sum(
        np.count_nonzero(detectors.feed(random.normal(size=2_000), threshold)) for _ in range(300)
    )
    assert n_alarms == pytest.approx(2_000 * 300 / 500, rel=0.15)


def test_fewer_false_alarms_are_a_higher_threshold() -> None:
    scores = []
    for rate in (1.0, 100.0):
        feed, monitor = Feed(0), DriftMonitor(DriftSettings(false_alarms=rate))
        for _ in range(30):
            monitor.update(feed.batch(1000))
        (event,) = monitor.update(feed.batch(1000, shares(r2=0.15, r4=0.12)))[:1]
        scores.append(event.threshold)
    assert scores[0] > scores[1] + 0.5


@pytest.mark.parametrize("seed", range(5))
def test_a_topic_whose_words_share_and_place_change_at_once_is_told_once(seed: int) -> None:
    feed = Feed(seed)
    monitor = settled(feed)
    feed.first[2], feed.base[2] = 500, 0.5
    events: list[DriftEvent] = []
    for _ in range(12):
        events += monitor.update(feed.batch(1000, shares(r3=0.2)))
    assert len([e for e in events if e.topic == 2]) == 1


def test_a_topic_that_fades_over_four_windows_is_told_though_no_window_is_striking() -> None:
    parts = Shares(DriftSettings(), 2)
    for _ in range(30):
        parts.update(np.array([30.0, 970.0]), 1000)
    for count in (22.0, 19.0, 18.0, 17.0):
        z = parts.update(np.array([count, 1000.0 - count]), 1000)
    assert z[0, 0] > -2.8
    assert z[2, 0] < -3.5


@pytest.mark.parametrize("seed", range(5))
def test_a_topic_that_gave_documents_to_another_one_is_not_told_of(seed: int) -> None:
    feed = Feed(seed)
    monitor = settled(feed)
    monitor.settle(np.array([3]))
    feed.first[3] = 500
    events = [e for _ in range(5) for e in monitor.update(feed.batch(1000, shares(r4=0.1)))]
    assert [e for e in events if e.topic == 3] == []


def test_outliers_that_become_few_are_no_news() -> None:
    feed, monitor = Feed(0), DriftMonitor()
    for _ in range(30):
        monitor.update(feed.batch(1000, shares(r0=0.2)))
    events = [e for _ in range(10) for e in monitor.update(feed.batch(1000, shares(r0=0.01)))]
    assert [e for e in events if e.topic == -1] == []


def test_topics_that_come_and_go_and_pruned_words_leave_the_others_quiet() -> None:
    feed = Feed(3)
    monitor = settled(feed)
    monitor.keep_terms(np.arange(N_TERMS)[::-1].copy())
    back = np.arange(N_TERMS)[::-1].copy()
    monitor.keep_terms(back)
    batch = feed.batch(1000)
    fewer = replace(
        batch, topic_ids=batch.topic_ids[1:], counts=batch.counts[1:],
        distances=batch.distances[1:], term_counts=batch.term_counts[1:],
    )  # fmt: skip
    assert monitor.update(fewer) == ()
    assert monitor.update(feed.batch(1000)) == ()


def test_a_setting_out_of_range_says_what_is_allowed() -> None:
    with pytest.raises(DriftSettingsError, match=r"drift.grace is 0; it must lie between 2 and"):
        DriftSettings(grace=0)
