from topicstream.model.bertopic import BERTopic


def test_d34_blanks_are_no_part_of_a_name() -> None:
    model = BERTopic()
    model.topic_representations_ = {0: [("a label", 1), ("", 0), ("", 0), ("", 0), ("", 0)]}
    assert model.topic_labels_ == {0: "0_a label"}


def test_a_zeroshot_topic_has_the_name_it_was_asked_for_by() -> None:
    model = BERTopic(zeroshot_topic_list=["Cooking", "Music"])
    model.topic_representations_ = {0: [("guitar", 0.1)], 1: [("bread", 0.1)]}
    model._topic_id_to_zeroshot_topic_idx = {0: 1}
    assert model.topic_labels_ == {0: "Music", 1: "1_bread"}


def test_there_are_no_names_before_the_first_fit() -> None:
    assert BERTopic().topic_labels_ == {}
