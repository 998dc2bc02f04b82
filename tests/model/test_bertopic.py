import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest

import topicstream.model
from topicstream.model.bertopic import BERTopic
from topicstream.model.vectorizers import OnlineCountVectorizer

# docs is optional where a live model has counts; the rest is bertopic's to the letter.
SIGNATURES = {
    "__init__": "language='english', top_n_words=10, n_gram_range=(1, 1), min_topic_size=10, "
    "nr_topics=None, low_memory=False, calculate_probabilities=False, seed_topic_list=None, "
    "zeroshot_topic_list=None, zeroshot_min_similarity=0.7, embedding_model=None, "
    "umap_model=None, hdbscan_model=None, vectorizer_model=None, ctfidf_model=None, "
    "representation_model=None, verbose=False",
    "fit": "documents, embeddings=None, images=None, y=None",
    "fit_transform": "documents, embeddings=None, images=None, y=None",
    "transform": "documents, embeddings=None, images=None",
    "partial_fit": "documents, embeddings=None, y=None",
    "topics_over_time": "docs=None, timestamps=None, topics=None, nr_bins=None, "
    "datetime_format=None, evolution_tuning=True, global_tuning=True",
    "topics_per_class": "docs, classes, global_tuning=True",
    "hierarchical_topics": "docs=None, use_ctfidf=True, linkage_function=None, "
    "distance_function=None",
    "get_topic_tree": "hier_topics, max_distance=None, tight_layout=False",
    "approximate_distribution": "documents, window=4, stride=1, min_similarity=0.1, "
    "batch_size=1000, padding=False, use_embedding_model=False, calculate_tokens=False, "
    "separator=' '",
    "find_topics": "search_term=None, image=None, top_n=5",
    "update_topics": "docs, images=None, topics=None, top_n_words=10, n_gram_range=None, "
    "vectorizer_model=None, ctfidf_model=None, representation_model=None",
    "get_topics": "full=False",
    "get_topic": "topic, full=False",
    "get_topic_info": "topic=None",
    "get_topic_freq": "topic=None",
    "get_document_info": "docs, df=None, metadata=None",
    "get_representative_docs": "topic=None",
    "generate_topic_labels": "nr_words=3, topic_prefix=True, word_length=None, separator='_', "
    "aspect=None",
    "set_topic_labels": "topic_labels",
    "merge_topics": "docs, topics_to_merge, images=None",
    "delete_topics": "topics_to_delete",
    "reduce_topics": "docs=None, nr_topics=20, images=None, use_ctfidf=False",
    "save": "path, serialization='safetensors', save_embedding_model=True, save_ctfidf=False",
    "load": "path, embedding_model=None",
    "merge_models": "models, min_similarity=0.7, embedding_model=None",
    "push_to_hf_hub": "repo_id, commit_message='Add BERTopic model', token=None, revision=None, "
    "private=False, create_pr=False, model_card=True, serialization='safetensors', "
    "save_embedding_model=True, save_ctfidf=False",
    "get_params": "deep=False",
    "_reduce_dimensionality": "embeddings, y=None, partial_fit=False",
    "_cluster_embeddings": "umap_embeddings, documents, partial_fit=False, y=None",
    "_extract_topics": "documents, embeddings=None, mappings=None, verbose=False, "
    "fine_tune_representation=True",
    "_c_tf_idf": "documents_per_topic, fit=True, partial_fit=False",
    "_extract_words_per_topic": "words, documents, c_tf_idf=None, fine_tune_representation=True, "
    "calculate_aspects=True, embeddings=None",
    "_extract_representative_docs": "c_tf_idf, documents, topics, nr_samples=500, "
    "nr_repr_docs=5, diversity=None",
    "_reduce_topics": "documents, use_ctfidf=False",
    "_extract_embeddings": "documents, images=None, method='document', verbose=None",
    "_top_n_idx_sparse": "matrix, n",
    "_top_n_values_sparse": "matrix, indices",
}


UNSET = [
    "topics_",
    "probabilities_",
    "topic_sizes_",
    "topic_mapper_",
    "topic_representations_",
    "topic_embeddings_",
    "custom_labels_",
    "c_tf_idf_",
    "representative_images_",
]


def positional(name: str) -> str:
    parameters = inspect.signature(getattr(BERTopic, name)).parameters.values()
    shown = [p for p in parameters if p.name != "self" and p.kind is p.POSITIONAL_OR_KEYWORD]
    return ", ".join(str(p.replace(annotation=p.empty)) for p in shown)


@pytest.mark.parametrize("name", SIGNATURES)
def test_names_order_and_defaults_are_those_of_bertopic(name: str) -> None:
    # `save` alone has another default, on purpose: a pickle runs what is in it (D-36).
    assert positional(name) == SIGNATURES[name]


def test_d33_and_d48_there_is_no_mutable_default() -> None:
    for name, method in inspect.getmembers(BERTopic, inspect.isfunction):
        for parameter in inspect.signature(method).parameters.values():
            assert not isinstance(parameter.default, dict | list | set), (name, parameter.name)


def test_attributes_before_the_first_fit_are_those_of_bertopic() -> None:
    model = BERTopic()
    for name in UNSET:
        assert getattr(model, name) is None
    assert model.representative_docs_ == {}
    assert model.topic_aspects_ == {}
    assert model._topic_id_to_zeroshot_topic_idx == {}
    assert not model._is_zeroshot()


def test_heavy_packages_are_imported_when_used() -> None:
    code = (
        "import sys; from topicstream.model import BERTopic, TopicMapper; BERTopic();"
        "heavy = {'umap', 'hdbscan', 'torch', 'plotly', 'sentence_transformers', 'numba'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_arguments_are_kept_under_their_names() -> None:
    reducer, clusterer, words = object(), object(), object()
    given = {
        "top_n_words": 7,
        "nr_topics": "auto",
        "seed_topic_list": [["moon"]],
        "zeroshot_topic_list": ["space"],
        "embedding_model": "some/model",
        "umap_model": reducer,
        "hdbscan_model": clusterer,
        "representation_model": words,
    }
    model = BERTopic(**given)  # type: ignore[arg-type]  # of many types

    assert {name: getattr(model, name) for name in given} == given
    assert {name: model.get_params()[name] for name in given} == given


def test_the_version_is_that_of_the_package() -> None:
    assert topicstream.model.__version__ == version("topicstream")


def test_the_hooks_that_other_packages_call_are_there() -> None:
    hooks = (
        "_is_zeroshot _extract_embeddings _reduce_dimensionality _cluster_embeddings "
        "_extract_topics _c_tf_idf _preprocess_text _update_topic_size "
        "_sort_mappings_by_frequency _reduce_topics _extract_representative_docs "
        "_save_representative_docs _create_topic_vectors _extract_words_per_topic "
        "_top_n_idx_sparse _top_n_values_sparse _map_predictions _map_probabilities"
    )
    assert [name for name in hooks.split() if not callable(getattr(BERTopic, name, None))] == []
    assert BERTopic()._outliers == 0
    assert BERTopic()._topic_id_to_zeroshot_topic_idx == {}
    assert OnlineCountVectorizer.__dict__.keys() >= {"partial_fit", "update_bow", "_clean_bow"}
