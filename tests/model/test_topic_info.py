from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic

TEXTS, LABELS, _ = corpus()


@pytest.fixture
def model() -> BERTopic:
    return by_hand(with_outliers(LABELS))


def test_the_frame_of_topics_has_bertopics_columns_in_its_order(model: BERTopic) -> None:
    info = model.get_topic_info()
    assert list(info) == ["Topic", "Count", "Name", "Representation", "Representative_Docs"]
    assert info["Topic"].tolist() == [-1, 0, 1, 2, 3, 4]
    assert info["Count"].sum() == len(TEXTS)
    assert info["Topic"].dtype == np.int64
    assert info["Count"].dtype == np.int64
    assert isinstance(info.index, pd.RangeIndex)


def test_custom_names_stand_behind_names_only_when_there_is_one_for_each_topic(
    model: BERTopic,
) -> None:
    model.set_topic_labels({0: "largest"})
    assert list(model.get_topic_info())[:4] == ["Topic", "Count", "Name", "CustomName"]
    model.custom_labels_ = ["one"]
    assert "CustomName" not in model.get_topic_info()


def test_an_unknown_topic_is_false_an_empty_frame_or_none(model: BERTopic) -> None:
    assert model.get_topic(99) is False
    assert model.get_topic_info(99).empty
    assert list(model.get_topic_info(99)) == list(model.get_topic_info())
    assert model.get_topic_freq(99) == 0
    assert model.get_representative_docs(99) is None


def test_d_44_numpy_integers_name_topics(model: BERTopic) -> None:
    """D-44: the library returns NumPy's integers, so it takes them."""
    first: Any = np.int64(0)
    assert model.get_topic_freq(first) == (model.topic_sizes_ or {})[0]
    assert model.get_representative_docs(first) == model.representative_docs_[0]


def test_sizes_come_largest_first_and_survive_a_plain_dict(model: BERTopic) -> None:
    sizes = model.get_topic_freq()
    assert isinstance(sizes, pd.DataFrame)
    assert sizes["Count"].is_monotonic_decreasing
    model.topic_sizes_ = dict(model.topic_sizes_ or {})
    assert model.get_topic_freq(99) == 0


def test_d_66_each_topic_shows_its_aspect_by_its_own_kind(model: BERTopic) -> None:
    """D-66: one topic's odd value leaves the others' format alone."""
    pairs = [("moon", 0.5), ("", 1e-05)]
    image = object()
    kinds = {-1: pairs, 0: ["a label", "of two"], 1: image, 2: pairs, 3: pairs, 4: {}}
    model.topic_aspects_ = {"Aspect": kinds}
    shown = model.get_topic_info()["Aspect"].tolist()
    assert shown == [["moon"], "a label of two", image, ["moon"], ["moon"], []]


def test_d_34_blank_words_are_not_shown(model: BERTopic) -> None:
    """D-34: padding is no word."""
    words = [("moon", 0.5), ("", 1e-05), ("", 1e-05)]
    model.topic_representations_ = dict.fromkeys(range(-1, 5), words)
    assert model.get_topic_info()["Representation"].tolist() == [["moon"]] * 6
    assert model.get_document_info(TEXTS)["Top_n_words"].unique().tolist() == ["moon"]
    assert model.generate_topic_labels()[1] == "0_moon"


def test_a_topic_without_representative_documents_shows_nan(model: BERTopic) -> None:
    del model.representative_docs_[0]
    assert np.isnan(model.get_topic_info()["Representative_Docs"][1])


def test_documents_come_with_topics_names_and_words(model: BERTopic) -> None:
    info = model.get_document_info(TEXTS)
    assert list(info) == [
        "Document",
        "Topic",
        "Name",
        "Representation",
        "Representative_Docs",
        "Top_n_words",
        "Representative_document",
    ]
    assert info["Document"].tolist() == TEXTS
    assert info["Topic"].tolist() == model.topics_
    assert info["Representative_document"].sum() >= 3 * 5


def test_a_frame_comes_first_and_metadata_last(model: BERTopic) -> None:
    given = pd.DataFrame({"author": "a", "Topic": "old"}, index=range(100, 160))
    info = model.get_document_info(TEXTS, df=given, metadata={"place": pd.Series(range(60))})
    assert list(info)[:3] == ["author", "Topic", "Document"]
    assert list(info)[-1] == "place"
    assert info["place"].tolist() == list(range(60))
    assert given["Topic"].eq("old").all()


def test_probabilities_are_the_best_topics_and_for_outliers_what_is_left(model: BERTopic) -> None:
    topics = np.asarray(model.topics_)
    matrix = np.full((60, 5), 0.1)
    model.probabilities_ = matrix
    shown = model.get_document_info(TEXTS)["Probability"].to_numpy()
    assert shown[topics == -1] == pytest.approx(0.5)
    assert shown[topics != -1] == pytest.approx(0.1)
    model.probabilities_ = np.arange(60.0)
    assert model.get_document_info(TEXTS)["Probability"].tolist() == list(range(60))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"docs": TEXTS[:-1]}, "docs has 59 items"),
        ({"docs": TEXTS, "df": pd.DataFrame({"a": [1]})}, "df has 1 rows, docs has 60"),
        ({"docs": TEXTS, "metadata": {"m": [1, 2]}}, "'m'.* has 2 rows, docs has 60"),
    ],
)
def test_d_42_lengths_that_differ_are_named(
    model: BERTopic, arguments: dict[str, object], named: str
) -> None:
    """D-42: not pandas' message about arrays."""
    with pytest.raises(ValueError, match=named):
        model.get_document_info(**arguments)  # type: ignore[arg-type]  # wrong on purpose


def test_labels_take_words_separator_and_prefix(model: BERTopic) -> None:
    words = [word for word, _ in model.get_topic(0)]
    assert model.generate_topic_labels()[1] == "_".join(["0", *words[:3]])
    cut = model.generate_topic_labels(nr_words=1, topic_prefix=False, word_length=2, separator=", ")
    assert cut[1] == words[0][:2]
    model.topic_aspects_ = {"Own": {topic: [("mine", 1.0)] for topic in range(-1, 5)}}
    assert model.generate_topic_labels(aspect="Own")[0] == "-1_mine"
    with pytest.raises(ValueError, match=r"aspect is 'other'.*\['Own'\]"):
        model.generate_topic_labels(aspect="other")


def test_full_words_name_the_main_model_and_each_aspect(model: BERTopic) -> None:
    model.topic_aspects_ = {"Own": {0: [("mine", 1.0)]}}
    assert model.get_topics() is model.topic_representations_
    assert list(model.get_topics(full=True)) == ["Main", "Own"]
    assert model.get_topic(0, full=True) == {
        "Main": model.get_topic(0),
        "Own": [("mine", 1.0)],
    }


def test_parameters_come_sorted_and_deep_with_those_of_the_parts(model: BERTopic) -> None:
    params = model.get_params()
    assert list(params) == sorted(params)
    assert len(params) == 17
    deep = model.get_params(deep=True)
    assert deep["vectorizer_model__min_df"] == 1
    assert set(params) < set(deep)


def test_the_text_of_a_model_shortens_its_parts(model: BERTopic) -> None:
    text = str(model)
    assert text.startswith("BERTopic(calculate_probabilities=False, ctfidf_model=ClassTfidf")
    assert "vectorizer_model=CountVectorizer(...)" in text
    assert "n_gram_range=(1, 1)" in text


def test_a_model_that_is_not_fitted_says_so() -> None:
    for read in ("get_topics", "get_topic_info", "get_topic_freq", "get_representative_docs"):
        with pytest.raises(ValueError, match="not fitted"):
            getattr(BERTopic(), read)()


def test_pictures_of_topics_have_the_last_column_where_there_are_any(model: BERTopic) -> None:
    assert "Representative_Images" not in model.get_topic_info()
    pictures: Any = {topic: [object()] for topic in range(-1, 5)}
    model.representative_images_ = pictures
    info = model.get_topic_info()
    assert list(info)[-1] == "Representative_Images"
    assert info["Representative_Images"].tolist() == list(pictures.values())
