import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.model.conftest import SubjectEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.documents import working_frame
from topicstream.model.topic_vectors import create_topic_vectors, mean_of_groups, merged_vectors


def test_means_are_those_of_numpy() -> None:
    rng = np.random.default_rng(3)
    vectors, groups = rng.normal(size=(40, 6)).astype("f4"), rng.integers(-1, 4, 40)
    expected = [vectors[groups == g].mean(axis=0) for g in range(-1, 4)]
    found = mean_of_groups(vectors, groups)
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-6)


def test_d28_sparse_vectors_give_a_matrix() -> None:
    vectors = csr_matrix(np.eye(3))
    assert mean_of_groups(vectors, np.array([1, 0, 0])).tolist() == [[0, 0.5, 0.5], [1, 0, 0]]


def test_d11_rows_do_not_shift_when_the_outliers_are_merged_away() -> None:
    vectors = np.array([[9.0, 9.0], [1.0, 0.0], [0.0, 1.0]])
    mappings = {
        0: {"topics_from": [1, -1], "topic_sizes": [3, 1]},
        1: {"topics_from": [0], "topic_sizes": [2]},
    }
    assert merged_vectors(vectors, mappings).tolist() == [[2.25, 3.0], [1.0, 0.0]]


def test_d21_topics_may_have_any_number_of_words_and_blanks() -> None:
    model = BERTopic(embedding_model=SubjectEmbedder(), top_n_words=2)
    model.topic_representations_ = {
        -1: [("", 1e-5)],
        0: [("guitar", 0.4), ("piano", 0.2), ("drum", 0.1), ("", 1e-5)],
        1: [("doctor", 0.5)],
    }
    create_topic_vectors(model)
    vectors = model.topic_embeddings_
    assert vectors is not None
    assert vectors.shape == (3, 16)
    words = SubjectEmbedder().embed(["guitar", "piano", "drum", "doctor"])
    assert np.allclose(vectors[1], np.average(words[:3], axis=0, weights=[4, 2, 1]), atol=1e-6)
    assert np.allclose(vectors[2], words[3])


def test_scores_that_are_all_zero_count_as_equal() -> None:
    model = BERTopic(embedding_model=SubjectEmbedder())
    model.topic_representations_ = {0: [("guitar", 0.0), ("doctor", 0.0)]}
    create_topic_vectors(model)
    expected = SubjectEmbedder().embed(["guitar", "doctor"]).mean(axis=0)
    assert model.topic_embeddings_ is not None
    assert np.allclose(model.topic_embeddings_[0], expected)


def test_d20_without_embedder_and_vectors_nothing_changes() -> None:
    model = BERTopic()
    model.topic_representations_ = {0: [("guitar", 0.1)]}
    create_topic_vectors(model)
    assert model.topic_embeddings_ is None


@pytest.mark.parametrize("writeable", [True, False])
def test_the_callers_vectors_stay_as_they_are(writeable: bool) -> None:
    vectors = np.eye(3)
    vectors.flags.writeable = writeable
    model, frame = BERTopic(), working_frame(["a", "b", "c"], topics=[0, 0, 1])
    create_topic_vectors(model, frame, vectors)
    assert (vectors == np.eye(3)).all()
