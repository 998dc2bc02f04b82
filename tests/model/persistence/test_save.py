from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic
from topicstream.model.errors import MissingExtraError

TEXTS, LABELS, _ = corpus()


@pytest.fixture
def model() -> BERTopic:
    return by_hand(with_outliers(LABELS))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_holds_bertopics_files(model: BERTopic, tmp_path: Path) -> None:
    model.save(tmp_path / "some" / "where")
    files = ["config.json", "topic_embeddings.safetensors", "topics.json"]
    assert names(tmp_path / "some" / "where") == files
    model.save(tmp_path / "some" / "where", save_ctfidf=True)
    more = [*files, "ctfidf.safetensors", "ctfidf_config.json"]
    assert names(tmp_path / "some" / "where") == sorted(more)
    assert names(tmp_path / "some") == ["where"]


def test_config_has_the_constructors_parameters_and_no_other_key(
    model: BERTopic, tmp_path: Path
) -> None:
    model.save(tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert sorted(config) == [name for name in model.get_params() if "model" not in name]
    assert config["n_gram_range"] == [1, 1]
    model.save(tmp_path / "m", save_embedding_model="all-MiniLM-L6-v2")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["embedding_model"] == "all-MiniLM-L6-v2"


def test_a_later_save_takes_away_what_it_does_not_write_and_nothing_else(
    model: BERTopic, tmp_path: Path
) -> None:
    model.save(tmp_path, save_ctfidf=True)
    (tmp_path / "README.md").write_text("a card")
    model.save(tmp_path)
    assert "ctfidf.safetensors" not in names(tmp_path)
    assert (tmp_path / "README.md").read_text() == "a card"


def test_d_35_numbers_of_numpy_and_a_mapper_with_gaps_can_be_written(
    model: BERTopic, tmp_path: Path
) -> None:
    """D-35: JSON failed on them."""
    vectorizer = CountVectorizer(max_features=20, stop_words=list({"the", "a"}))
    model.update_topics(TEXTS, vectorizer_model=vectorizer)
    model.delete_topics([np.int64(1)])  # type: ignore[list-item]  # NumPy's integers too
    assert model.topic_mapper_ is not None
    model.topic_mapper_.mappings_[-1][1] = None
    model.nr_topics = np.int64(5)  # type: ignore[assignment]  # like the above
    model.save(tmp_path, save_ctfidf=True)
    loaded = BERTopic.load(tmp_path)
    assert loaded.topics_ == model.topics_
    assert loaded.vectorizer_model.vocabulary_ == vectorizer.vocabulary_
    assert loaded.vectorizer_model.stop_words == ["the", "a"] or set(
        loaded.vectorizer_model.stop_words
    ) == {"the", "a"}


def test_d_35_an_online_vectorizer_comes_back_as_a_plain_one(
    model: BERTopic, tmp_path: Path
) -> None:
    """D-35: its parameters lack the inherited ones."""
    from topicstream.model.vectorizers import OnlineCountVectorizer

    model.update_topics(TEXTS, vectorizer_model=OnlineCountVectorizer(ngram_range=(1, 2)))
    model.save(tmp_path, save_ctfidf=True)
    loaded = BERTopic.load(tmp_path)
    assert type(loaded.vectorizer_model) is CountVectorizer
    assert loaded.vectorizer_model.ngram_range == (1, 2)
    words = model.vectorizer_model.get_feature_names_out()
    assert loaded.vectorizer_model.get_feature_names_out().tolist() == words.tolist()


def test_d_35_an_unknown_format_is_named(model: BERTopic, tmp_path: Path) -> None:
    """D-35: it was passed over in silence."""
    with pytest.raises(ValueError, match="serialization is 'yaml'; choose 'safetensors'"):
        model.save(tmp_path / "m", serialization="yaml")
    assert not (tmp_path / "m").exists()


def test_d_35_a_save_that_fails_leaves_the_earlier_one_whole(
    model: BERTopic, tmp_path: Path
) -> None:
    """D-35: half of a folder was left behind."""
    model.save(tmp_path / "m")
    before = {path.name: path.read_bytes() for path in (tmp_path / "m").iterdir()}
    model.seed_topic_list = object()  # type: ignore[assignment]  # JSON cannot hold it
    with pytest.raises(TypeError):
        model.save(tmp_path / "m")
    assert {path.name: path.read_bytes() for path in (tmp_path / "m").iterdir()} == before
    assert names(tmp_path) == ["m"]


def test_the_model_is_not_changed(model: BERTopic, tmp_path: Path) -> None:
    before = dict(vars(model.vectorizer_model))
    model.save(tmp_path / "m", save_ctfidf=True)
    model.save(tmp_path / "p", serialization="pickle", save_embedding_model=False)
    assert vars(model.vectorizer_model) == before


def test_d_36_a_pickle_warns(
    model: BERTopic, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """D-36: pickle was the default."""
    model.save(tmp_path / "m.pkl", serialization="pickle")
    assert "runs whatever is in it" in caplog.text
    with pytest.raises(ValueError, match="allow_pickle=True"):
        BERTopic.load(tmp_path / "m.pkl")
    loaded = BERTopic.load(tmp_path / "m.pkl", allow_pickle=True)
    assert loaded.topics_ == model.topics_
    assert loaded.get_topic_info().equals(model.get_topic_info())


def test_a_model_that_is_not_fitted_can_only_be_pickled(tmp_path: Path) -> None:
    model = BERTopic(language="multilingual", top_n_words=7)
    with pytest.raises(ValueError, match="not fitted"):
        model.save(tmp_path / "m")
    model.save(tmp_path / "m", serialization="pickle")
    loaded = BERTopic.load(tmp_path / "m", allow_pickle=True)
    assert (loaded.language, loaded.top_n_words) == ("multilingual", 7)


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_pytorch_without_torch_says_what_to_do(model: BERTopic, tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"needs torch.*serialization='safetensors'"):
        model.save(tmp_path / "m", serialization="pytorch")
    assert not (tmp_path / "m").exists()
