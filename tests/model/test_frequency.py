from topicstream.model.bertopic import BERTopic
from topicstream.model.documents import working_frame
from topicstream.model.frequency import mapping_by_frequency, sort_mappings_by_frequency
from topicstream.model.mapper import TopicMapper


def test_equal_sizes_keep_the_order_of_appearance() -> None:
    assert mapping_by_frequency([9, 3, 3, 9, 5, -1, -1, -1]) == {-1: -1, 9: 0, 3: 1, 5: 2}


def test_topics_sizes_and_mapper_follow_and_the_frame_does_not_change() -> None:
    model, labels = BERTopic(), [4, 1, 1, -1]
    model.topic_mapper_ = TopicMapper(labels)
    frame = working_frame(["a", "b", "c", "d"], topics=labels)
    ranked = sort_mappings_by_frequency(model, frame)
    assert model.topics_ == ranked["Topic"].tolist() == [1, 0, 0, -1]
    assert model.topic_sizes_ == {0: 2, 1: 1, -1: 1}
    assert model.topic_mapper_.get_mappings() == {-1: -1, 1: 0, 4: 1}
    assert frame["Topic"].tolist() == labels
