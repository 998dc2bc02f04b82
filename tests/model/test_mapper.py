import numpy as np
import pytest

from tests.model.conftest import SubjectEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.mapper import TopicMapper


def test_labels_are_sorted_and_plain() -> None:
    mapper = TopicMapper(np.array([2, -1, 2, 0]))
    assert mapper.mappings_ == [[-1, -1], [0, 0], [2, 2]]
    assert all(type(i) is int for row in mapper.mappings_ for i in row)


def test_an_id_that_is_no_key_becomes_an_outlier() -> None:
    mapper = TopicMapper([0, 1])
    mapper.add_mappings({np.int64(0): np.int64(3)}, BERTopic())  # type: ignore[dict-item]  # ints
    assert mapper.get_mappings() == {0: 3, 1: -1}


def test_new_topics_are_as_wide_as_the_others() -> None:
    mapper = TopicMapper([0, 1])
    mapper.add_mappings({0: 1, 1: 0}, BERTopic())
    mapper.add_new_topics({5: 2})
    assert mapper.mappings_[-1] == [5, None, 2]
    assert mapper.get_mappings()[5] == 2


@pytest.mark.parametrize("n_columns", [0, 1, 2, 3])
def test_d08_a_change_may_append_any_number_of_columns(n_columns: int) -> None:
    mapper, model = TopicMapper([0, 1, 2]), BERTopic()
    mapper.add_mappings({0: 2, 1: 1, 2: 0}, model)
    mapper.begin_change(model)
    for _ in range(n_columns):
        mapper.add_mappings({0: 1, 1: 0, 2: 2}, model)
    swapped = {0: 1, 1: 0, 2: 2} if n_columns % 2 else {0: 0, 1: 1, 2: 2}
    assert mapper.get_mappings(original_topics=False) == swapped


def test_d08_a_mapper_of_two_columns_has_a_mapping() -> None:
    assert TopicMapper([0, 1]).get_mappings(original_topics=False) == {0: 0, 1: 1}


def zeroshot(names: list[str], minimum: float) -> BERTopic:
    model = BERTopic(
        zeroshot_topic_list=names,
        zeroshot_min_similarity=minimum,
        embedding_model=SubjectEmbedder(),
    )
    model._topic_id_to_zeroshot_topic_idx = {0: 0, 1: 1}
    model.topic_sizes_ = {-1: 50, 0: 30, 1: 20, 2: 10}
    outliers = np.full((1, 16), 0.1)
    rest = SubjectEmbedder().embed(["guitar piano", "doctor nurse", "guitar drum"])
    model.topic_embeddings_ = np.vstack([outliers, rest])
    model.topic_mapper_ = TopicMapper([-1, 0, 1, 2])
    return model


def test_d09_a_merged_topic_keeps_the_name_that_still_fits() -> None:
    model = zeroshot(["guitar", "doctor"], 0.7)
    assert model.topic_mapper_ is not None
    model.topic_mapper_.begin_change(model)
    model.topic_mapper_.add_mappings({-1: -1, 0: 0, 1: 1, 2: 0}, model)
    model.topic_mapper_.add_mappings({-1: -1, 0: 1, 1: 0}, model)
    assert model._topic_id_to_zeroshot_topic_idx == {1: 0, 0: 1}


def test_d09_a_merged_topic_loses_a_name_that_fits_no_more() -> None:
    model = zeroshot(["guitar", "doctor"], 0.95)
    assert model.topic_mapper_ is not None
    model.topic_mapper_.add_mappings({-1: -1, 0: 0, 1: 0, 2: 1}, model)
    assert model._topic_id_to_zeroshot_topic_idx == {}
