"""The simulated feed holds what its schedule says."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

from topicstream.model.backend.static import StaticEmbedder
from topicstream.workers.simulation import Change, schedule, simulate, subject_words
from topicstream.workers.subjects import PHONES_LATER, SUBJECTS

N = 6_000
FEED = list(simulate(N, seed=7))
DIGEST = """
import hashlib
from topicstream.workers.simulation import simulate
print(hashlib.sha256(repr(list(simulate(300, seed=3))).encode()).hexdigest())
"""


def share(documents: Iterable[Mapping[str, str]], subject: str) -> float:
    classes = Counter(document["class"] for document in documents)
    return classes[subject] / classes.total()


def change(kind: str, subject: str) -> Change:
    return next(c for c in schedule(N) if (c.kind, c.subject) == (kind, subject))


def test_the_same_seed_gives_the_same_feed_under_any_hash_seed() -> None:
    here = hashlib.sha256(repr(list(simulate(300, seed=3))).encode()).hexdigest()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        there = subprocess.run(
            [sys.executable, "-c", DIGEST], env=environment, capture_output=True, check=True
        )
        assert there.stdout.decode().strip() == here


def test_another_seed_gives_another_feed() -> None:
    assert list(simulate(50, seed=1)) != list(simulate(50, seed=2))


def test_ids_are_distinct_and_times_rise() -> None:
    times = [datetime.fromisoformat(document["timestamp"]) for document in FEED]

    assert len({document["id"] for document in FEED}) == N
    assert times == sorted(times)
    assert times[0].tzinfo is not None


@pytest.mark.parametrize("planned", schedule(N), ids=lambda c: f"{c.kind}-{c.subject}")
def test_shares_before_and_after_a_change_are_those_of_the_schedule(planned: Change) -> None:
    before = FEED[planned.document - 700 : planned.document]
    after = FEED[planned.document : planned.document + 700]

    assert share(before, planned.subject) == pytest.approx(planned.share_before, abs=0.04)
    assert share(after, planned.subject) == pytest.approx(planned.share_after, abs=0.04)


def test_a_subject_is_absent_until_it_is_born_and_after_it_vanished() -> None:
    born, vanished = change("topic_born", "wildfire"), change("topic_vanished", "trains")

    assert share(FEED[: born.document], "wildfire") == 0
    assert share(FEED[vanished.document :], "trains") == 0


def test_the_words_of_a_subject_change_at_once() -> None:
    moment = change("words_changed", "phones").document
    later = set(PHONES_LATER.nouns) - set(SUBJECTS["phones"].nouns)
    uses = [
        bool(later & set(document["text"].lower().replace(".", "").replace(",", "").split()))
        for document in FEED
        if document["class"] == "phones" and int(document["id"][-6:]) < moment
    ]

    assert uses
    assert not any(uses)
    assert any("selfie" in d["text"] for d in FEED[moment:] if d["class"] == "phones")


def test_a_stationary_feed_has_no_change_in_it() -> None:
    feed = list(simulate(N, stationary=True))

    assert share(feed, "wildfire") == 0
    assert share(feed[N // 2 :], "trains") == pytest.approx(
        share(feed[: N // 2], "trains"), abs=0.03
    )


def test_changes_lie_far_apart_and_keep_their_places_at_any_length() -> None:
    moments = np.array([planned.document for planned in schedule(12_000)])

    assert np.diff(moments).min() >= 1_000
    assert [c.document for c in schedule(1_200)] == [m // 10 for m in moments]


def test_the_static_embedder_tells_the_subjects_apart() -> None:
    feed = FEED[: schedule(N)[0].document]
    vectors = StaticEmbedder().embed([document["text"] for document in feed])
    found = KMeans(14, n_init=2, random_state=0).fit_predict(vectors)

    assert normalized_mutual_info_score([d["class"] for d in feed], found) > 0.85


def test_every_document_has_a_word_of_its_subject() -> None:
    for document in FEED[:200]:
        words = document["text"].lower().replace(".", "").replace(",", "").split()
        assert subject_words(document["class"]).intersection(words)


def test_an_empty_feed_is_empty_and_a_negative_length_is_refused() -> None:
    assert list(simulate(0)) == []
    with pytest.raises(ValueError, match="n_documents is -1; give 0 or more"):
        simulate(-1)
