import numpy as np
import pytest
from numpy.typing import NDArray

from tests.model.conftest import N_DIMENSIONS, SubjectEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.guided import guide

SEEDS = [["guitar", "piano"], ["doctor", "nurse"]]


def test_documents_near_a_seed_move_a_quarter_of_the_way(embedder: SubjectEmbedder) -> None:
    model = BERTopic(embedding_model=embedder, seed_topic_list=SEEDS)
    vectors = embedder.embed(["violin drum", "surgery dose", "bread oven", "bread flour"])
    labels, moved = guide(model, vectors)
    seeds = embedder.embed(["guitar piano", "doctor nurse"])
    assert labels == [0, 1, -1, -1]
    assert np.allclose(moved[:2], 0.75 * vectors[:2] + 0.25 * seeds, atol=1e-6)
    assert (moved[2:] == vectors[2:]).all()


def test_d26_the_callers_embeddings_stay_as_they_are(
    documents: list[str], embeddings: NDArray[np.float32], make: dict[str, type[BERTopic]]
) -> None:
    vectors = embeddings.copy()
    model = make["kmeans"](seed_topic_list=SEEDS).fit(documents, vectors)
    assert (vectors == embeddings).all()
    assert len(model.get_topics()) == 5


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_type_of_the_vectors_stays(dtype: str, embedder: SubjectEmbedder) -> None:
    model = BERTopic(embedding_model=embedder, seed_topic_list=SEEDS)
    _, moved = guide(model, np.eye(3, N_DIMENSIONS, dtype=dtype))
    assert moved.dtype == dtype
