"""A stream's model as a BERTopic: the same ids and answers, whatever gaps the ids have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.model.streams import IDS, N, documents, streamed
from topicstream.model.backend import BaseEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.errors import EmbeddingError
from topicstream.model.lifecycle.lineage import Resting
from topicstream.model.live import as_bertopic
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.model.snapshot import encode
from topicstream.model.starting_topics import starting_topics

TEXTS, VECTORS = documents()


class Known(BaseEmbedder):
    """Knows the vectors of the texts; a word has that of the first text with it."""

    def embed(self, documents: Any, verbose: bool = False) -> Any:
        del verbose
        places = [
            TEXTS.index(one) if one in TEXTS else next(i for i, t in enumerate(TEXTS) if one in t)
            for one in documents
        ]
        return VECTORS[places]


@pytest.fixture(scope="module")
def online() -> OnlineTopicModel:
    return streamed()


@pytest.fixture
def model(online: OnlineTopicModel) -> BERTopic:
    return as_bertopic(BERTopic, online, Known())


def test_topics_have_the_ids_of_the_stream_and_its_sizes(
    model: BERTopic, online: OnlineTopicModel
) -> None:
    info = model.get_topic_info()

    assert info["Topic"].tolist() == [-1, *IDS]
    assert info["Count"].sum() == N
    assert info["Count"].tolist()[1:] == [topic.size for topic in online.topics()]
    assert model.get_topic_freq(7) == online.topics()[3].size
    assert info["Name"].tolist() == list(model.topic_labels_.values())


def test_words_are_those_that_the_stream_shows(model: BERTopic, online: OnlineTopicModel) -> None:
    shown = {topic.id: list(topic.words) for topic in online.topics()}

    assert {topic: model.get_topic(topic) for topic in IDS} == shown
    assert model.c_tf_idf_ is not None
    terms = model.vectorizer_model.get_feature_names_out()
    for row, topic in enumerate(IDS, start=1):
        best = int(model.c_tf_idf_[[row]].toarray().argmax())
        assert terms[best] == model.get_topic(topic)[0][0]


def test_rows_of_embeddings_are_centroids_and_the_first_is_that_of_outliers(
    online: OnlineTopicModel,
) -> None:
    settings = ModelSettings(n_topics=5, n_components=4, warm_up=100, outlier_share=0.05)
    other = streamed(OnlineTopicModel(settings))
    model = as_bertopic(BERTopic, other)
    outside = other.recent
    assert outside is not None
    assert model.topic_embeddings_ is not None

    far = outside.unit_rows(np.flatnonzero(outside.rows.topics < 0)).mean(axis=0)

    assert model.topic_embeddings_[0] == pytest.approx(far)
    assert len(model.get_topic(-1)) == 10
    assert model.get_topic(-1)[0][0]
    assert model.topic_embeddings_[1:].tolist() == other.centroids().tolist()
    # Without the last documents there is nothing to tell where outliers lie.
    unknown = as_bertopic(BERTopic, online).topic_embeddings_
    assert unknown is not None
    assert not unknown[0].any()


def test_documents_are_answered_as_the_stream_answers_them(
    model: BERTopic, online: OnlineTopicModel
) -> None:
    topics, strengths = online.transform(VECTORS)

    found, probabilities = model.transform(TEXTS, VECTORS)

    assert found == topics.tolist()
    assert -1 in found
    assert probabilities is not None
    assert np.array_equal(probabilities, strengths)
    assert model.transform(TEXTS[:40])[0] == found[:40]
    assert model.transform(None, VECTORS[3])[0] == found[3:4]


def test_with_all_probabilities_there_is_a_column_for_each_topic(model: BERTopic) -> None:
    model.calculate_probabilities = True

    topics, similarities = model.transform(None, VECTORS[:30])

    assert topics == streamed().transform(VECTORS[:30])[0].tolist()
    assert similarities is not None
    assert similarities.shape == (30, len(IDS))


def test_the_nearest_topic_is_named_by_its_id_not_by_its_row(
    model: BERTopic, tmp_path: Path
) -> None:
    topics = streamed().transform(VECTORS)[0]
    inside = topics >= 0

    fast = np.array(model.transform(None, VECTORS, fast=True)[0])
    model.save(tmp_path / "saved", save_ctfidf=True, save_embedding_model=False)
    loaded = BERTopic.load(tmp_path / "saved")

    assert set(fast.tolist()) <= set(IDS)
    assert np.mean(fast[inside] == topics[inside]) > 0.99
    assert loaded.get_topic_info()["Topic"].tolist() == [-1, *IDS]
    nearest = np.array(loaded.transform(None, VECTORS)[0])
    assert np.mean(nearest[inside] == topics[inside]) > 0.99


def test_a_pickle_answers_as_before(model: BERTopic, tmp_path: Path) -> None:
    model.embedding_model = BaseEmbedder()
    model.save(tmp_path / "model", serialization="pickle", save_embedding_model=False)

    loaded = BERTopic.load(tmp_path / "model", allow_pickle=True)

    assert loaded.transform(None, VECTORS)[0] == model.transform(None, VECTORS)[0]


def test_names_are_custom_labels(model: BERTopic, online: OnlineTopicModel) -> None:
    assert online.names() == {0: "Space", 7: "Law"}
    assert model.custom_labels_ is not None
    named = dict(zip([-1, *IDS], model.custom_labels_, strict=True))
    assert (named[0], named[7]) == ("Space", "Law")
    assert named[2] == model.topic_labels_[2]
    assert model.get_topic_info()["CustomName"].tolist() == model.custom_labels_


def test_the_hierarchy_needs_no_documents(model: BERTopic, online: OnlineTopicModel) -> None:
    merges = model.hierarchical_topics()

    assert len(merges) == len(IDS) - 1
    assert merges.iloc[0]["Topics"] == IDS
    leaves = {*merges["Child_Left_Name"], *merges["Child_Right_Name"]}
    first = {"_".join(word for word, _ in topic.words[:5]) for topic in online.topics()}
    assert first <= leaves
    joined = merges.iloc[-1]["Topics"]
    words = merges.iloc[-1]["Parent_Name"].split("_")
    own = {word for topic in joined for word, _ in model.get_topic(topic)}
    assert set(words) <= own
    assert "Topic: 7" in model.get_topic_tree(merges)


def test_a_representation_of_merges_needs_documents(model: BERTopic) -> None:
    with pytest.raises(ValueError, match="docs is None"):
        model.hierarchical_topics(fine_tune_representation=True)


def test_a_model_that_is_not_live_still_needs_documents(model: BERTopic, tmp_path: Path) -> None:
    model.save(tmp_path / "saved", save_ctfidf=True, save_embedding_model=False)
    loaded = BERTopic.load(tmp_path / "saved")

    for call in (loaded.hierarchical_topics, loaded.topics_over_time, loaded.reduce_topics):
        with pytest.raises(TypeError, match="NoneType"):
            call()


def test_topics_over_time_need_no_documents(model: BERTopic) -> None:
    frame = model.topics_over_time(nr_bins=4)

    assert list(frame) == ["Topic", "Words", "Frequency", "Timestamp"]
    assert frame["Timestamp"].is_monotonic_increasing
    assert frame["Timestamp"].nunique() > 1
    sums = frame.groupby("Topic")["Frequency"].sum()
    sizes = {topic: model.get_topic_freq(topic) for topic in [-1, *IDS]}
    assert sums.to_dict() == sizes


def test_a_search_names_topics_by_their_ids(model: BERTopic) -> None:
    found, similarities = model.find_topics("guitar", top_n=2)

    words = [word for word, _ in model.get_topic(found[0])]
    assert "guitar" in words
    assert similarities[0] > similarities[1]


def test_distributions_have_a_column_for_each_topic(model: BERTopic) -> None:
    inside = next(i for i, topic in enumerate(model.transform(None, VECTORS)[0]) if topic == 7)

    rows, _ = model.approximate_distribution(TEXTS[inside : inside + 1], min_similarity=0.0)

    assert rows.shape == (1, len(IDS))
    assert IDS[int(rows[0].argmax())] == 7


def test_over_time_with_documents_of_your_own_finds_the_rows_of_topics(model: BERTopic) -> None:
    topics = model.transform(None, VECTORS)[0]

    frame = model.topics_over_time(TEXTS, list(range(N)), topics=topics, nr_bins=2)

    foremost = {word for word, _ in model.get_topic(8)[:6]}
    for words in frame[frame["Topic"] == 8]["Words"].tolist():
        assert set(words.split(", ")) & foremost


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.get_document_info(TEXTS),
        lambda model: model.update_topics(TEXTS),
        lambda model: model.topics_per_class(TEXTS, ["a"] * N),
        lambda model: model.merge_topics(TEXTS, [0, 2]),
        lambda model: model.hierarchical_topics(TEXTS),
    ],
)
def test_what_needs_documents_says_that_there_are_none(
    call: Callable[[BERTopic], object], model: BERTopic
) -> None:
    with pytest.raises(ValueError, match="keeps no documents"):
        call(model)


def test_topics_merge_without_documents_and_answers_follow(model: BERTopic) -> None:
    before = np.array(model.transform(None, VECTORS)[0])
    sizes = {topic: model.get_topic_freq(topic) for topic in IDS}
    words = {word for topic in (3, 8) for word, _ in model.get_topic(topic)}

    model.merge_topics(None, [3, 8])

    joined = learnt_id(model, 8)
    assert learnt_id(model, 3) == joined
    assert model.get_topic_freq(joined) == sizes[3] + sizes[8]
    assert {word for word, _ in model.get_topic(joined)} <= words
    after = np.array(model.transform(None, VECTORS)[0])
    assert (after[np.isin(before, [3, 8])] == joined).all()
    assert (after[before == 7] == learnt_id(model, 7)).all()
    assert (after[before == -1] == -1).all()
    over_time = model.topics_over_time(nr_bins=3)
    assert over_time[over_time["Topic"] == joined]["Frequency"].sum() == sizes[3] + sizes[8]


def learnt_id(model: BERTopic, topic: int) -> int:
    assert model.topic_mapper_ is not None
    return model.topic_mapper_.get_mappings()[topic]


def test_topics_are_reduced_without_documents(model: BERTopic) -> None:
    model.reduce_topics(nr_topics=3)

    assert sorted(model.get_topics()) == [-1, 0, 1]
    assert model.get_topic_info()["Count"].sum() == N
    assert set(model.transform(None, VECTORS)[0]) == {-1, 0, 1}
    assert len(model.hierarchical_topics()) == 1


def test_topics_are_deleted(model: BERTopic) -> None:
    gone = np.array(model.transform(None, VECTORS)[0]) == 7

    model.delete_topics([7])

    assert sorted(model.get_topics()) == [-1, 0, 1, 2, 3]
    assert (np.array(model.transform(None, VECTORS)[0])[gone] == -1).all()


def test_what_became_of_topics_that_rest_is_in_the_mapper() -> None:
    online = streamed()
    lineage = online.lineage
    lineage.resting += [Resting(1, "1_a", 5, 3, (4,)), Resting(4, "4_b", 9, 4, (7,))]
    lineage.resting.append(Resting(5, "5_c", 6, 4))
    model = as_bertopic(BERTopic, online)

    assert [learnt_id(model, topic) for topic in (0, 1, 4, 5)] == [0, 7, 7, -1]
    # What faded was no outlier when it came.
    assert model.get_topic_info()["Count"].sum() == N - 6


def test_vectors_of_another_width_are_refused(model: BERTopic) -> None:
    with pytest.raises(EmbeddingError, match=r"have 3 dimensions, but the topics .* have 8"):
        model.transform(None, np.ones((2, 3)))


def test_a_stream_that_has_seen_nothing_is_a_model_without_topics() -> None:
    model = as_bertopic(BERTopic, OnlineTopicModel())

    assert model.get_topics() == {}
    assert model.get_topic_info().empty


def test_a_snapshot_is_read_from_its_folder_with_the_embedder_that_it_names(
    online: OnlineTopicModel, tmp_path: Path
) -> None:
    from topicstream.stream.snapshots.directory import DirectoryStore
    from topicstream.stream.snapshots.store import Snapshot, SnapshotId

    which = SnapshotId(online.sequence, 1, online.state_hash())
    files = encode(online, {"embedder": "static"})
    DirectoryStore(tmp_path / "snapshots").save(Snapshot(which, files))

    model = BERTopic.from_snapshot(tmp_path)

    assert model.transform(None, VECTORS)[0] == online.transform(VECTORS)[0].tolist()
    assert model._extract_embeddings(["a moon"]).shape == (1, 256)


def test_ids_and_names_survive_from_a_stream_to_a_stream(online: OnlineTopicModel) -> None:
    again = OnlineTopicModel(online.settings)
    again.begin(starting_topics(as_bertopic(BERTopic, online)))
    streamed(again)

    back = as_bertopic(BERTopic, again)

    assert [topic for topic in back.get_topics() if topic >= 0] == IDS
    assert again.names() == online.names()
    assert np.mean(again.transform(VECTORS)[0] == online.transform(VECTORS)[0]) > 0.97
    assert again.lineage.next_id > max(IDS)


def test_live_models_merge_with_their_sizes(online: OnlineTopicModel) -> None:
    one, other = (as_bertopic(BERTopic, online) for _ in range(2))

    merged = BERTopic.merge_models([one, other])

    assert sorted(merged.get_topics()) == [-1, 0, 1, 2, 3, 4]
    assert merged.get_topic_info()["Count"].tolist() == [
        2 * size for _, size in sorted((one.topic_sizes_ or {}).items())
    ]
