"""Topics of a collection of documents, with BERTopic's names and files.

The class holds state and nothing else: what a method does is in the module that it imports.
"""

# ruff: noqa: FBT001, FBT002, PLR0917  # the signatures are BERTopic's, which users know by heart

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from topicstream.model.sub_models import (
    DefaultModel,
    default_clusterer,
    default_reducer,
    default_vectorizer,
    default_weighting,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from topicstream.model.live import LiveTopics
    from topicstream.model.mapper import TopicMapper

    Documents: TypeAlias = Any  # a list, tuple, array or Series of strings
    Embeddings: TypeAlias = Any  # an array or a sparse matrix
    Values: TypeAlias = Any  # a list, array, Series or Index, one for each document
    Words: TypeAlias = list[tuple[str, float]]
    Labels: TypeAlias = Sequence[int] | NDArray[np.integer[Any]]


class BERTopic:
    """Finds the topics of documents: embed, reduce, cluster, count words, name.

    Parameters
    ----------
    language
        Language of the documents, ``"english"`` by default, ``"multilingual"`` for many. It
        chooses the embedder and, when English, the cleaning of texts; it is None as soon as
        `embedding_model` is given.
    top_n_words
        Words kept for each topic, 10 by default.
    n_gram_range
        Shortest and longest run of words that counts as a term, (1, 1) by default; only for the
        default vectorizer.
    min_topic_size
        Fewest documents of a topic, 10 by default; only for the default clusterer.
    nr_topics
        Number of topics to reduce to, outliers included; ``"auto"`` merges what is alike; None
        (default) leaves them.
    low_memory
        Whether the default reducer saves memory, False by default.
    calculate_probabilities
        Whether each document gets a probability for each topic, False by default.
    seed_topic_list
        Lists of words that pull topics together (guided), None by default.
    zeroshot_topic_list
        Names of topics that documents are matched with first, None by default.
    zeroshot_min_similarity
        Smallest cosine, 0.7 by default, at which a document belongs to a name.
    embedding_model
        A name, an embedder of topicstream, a SentenceTransformer, a scikit-learn pipeline, an
        object with `encode` or `embed_documents`, or a function. None (default) chooses by
        `language`: a MiniLM where sentence-transformers is installed, else the static embedder.
    umap_model
        Anything with `fit` and `transform`; None (default) takes UMAP to five dimensions.
    hdbscan_model
        Anything with `fit` and `labels_`, or a classifier; None (default) takes HDBSCAN.
    vectorizer_model
        A CountVectorizer; None (default) makes one for `n_gram_range`.
    ctfidf_model
        A ClassTfidfTransformer; None (default) makes one.
    representation_model
        One model that rewrites the words of topics, a list of them in a chain, or a dict of
        aspects; None (default) keeps the c-TF-IDF words.
    verbose
        Whether steps and progress are shown, False by default.

    References
    ----------
    Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", 2022.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from topicstream.model.dimensionality import BaseDimensionalityReduction
    >>> model = BERTopic(
    ...     embedding_model="static",
    ...     umap_model=BaseDimensionalityReduction(),
    ...     hdbscan_model=KMeans(2, random_state=0),
    ... )
    >>> model.fit_transform(["moon orbit", "bread flour", "moon rocket", "moon landing"])[0]
    [0, 1, 0, 0]
    >>> model.get_topic_info()[["Topic", "Count"]]
       Topic  Count
    0      0      3
    1      1      1

    """

    umap_model = DefaultModel(default_reducer)
    hdbscan_model = DefaultModel(default_clusterer)
    vectorizer_model = DefaultModel(default_vectorizer)
    ctfidf_model = DefaultModel(default_weighting)
    _live: LiveTopics | None = None

    def __init__(
        self,
        language: str | None = "english",
        top_n_words: int = 10,
        n_gram_range: tuple[int, int] = (1, 1),
        min_topic_size: int = 10,
        nr_topics: int | str | None = None,
        low_memory: bool = False,
        calculate_probabilities: bool = False,
        seed_topic_list: list[list[str]] | None = None,
        zeroshot_topic_list: list[str] | None = None,
        zeroshot_min_similarity: float = 0.7,
        embedding_model: object | None = None,
        umap_model: object | None = None,
        hdbscan_model: object | None = None,
        vectorizer_model: object | None = None,
        ctfidf_model: object | None = None,
        representation_model: object | None = None,
        verbose: bool = False,
    ) -> None:
        self.language = language if embedding_model is None else None
        self.top_n_words = top_n_words
        self.n_gram_range = n_gram_range
        self.min_topic_size = min_topic_size
        self.nr_topics = nr_topics
        self.low_memory = low_memory
        self.calculate_probabilities = calculate_probabilities
        self.seed_topic_list = seed_topic_list
        self.zeroshot_topic_list = zeroshot_topic_list
        self.zeroshot_min_similarity = zeroshot_min_similarity
        self.embedding_model: Any = embedding_model
        self.umap_model = umap_model
        self.hdbscan_model = hdbscan_model
        self.vectorizer_model = vectorizer_model
        self.ctfidf_model = ctfidf_model
        self.representation_model: Any = representation_model
        self.verbose = verbose
        # False counts terms in the joined texts of a topic, as bertopic 0.17.4 does: then n-grams
        # reach over documents, and min_df and max_df count topics.
        self.counts_documents = True
        self._forget()

    def _forget(self) -> None:
        """Set every learnt attribute to its value before the first fit."""
        self.topics_: list[int] | None = None
        self.probabilities_: NDArray[Any] | None = None
        self.topic_sizes_: dict[int, int] | Counter[int] | None = None
        self.topic_mapper_: TopicMapper | None = None
        self.topic_representations_: dict[int, Any] | None = None
        self.topic_embeddings_: NDArray[Any] | None = None
        self.custom_labels_: list[str] | None = None
        self.c_tf_idf_: csr_matrix | None = None
        self.representative_images_: Any = None
        self.representative_docs_: dict[int, list[str]] = {}
        self.topic_aspects_: dict[str, dict[int, Any]] = {}
        self._topic_id_to_zeroshot_topic_idx: dict[int, int] = {}
        self._merged_topics: Any = None
        self._spread: NDArray[Any] | None = None
        self._live = None

    @property
    def _outliers(self) -> int:
        """Return 1 when there is an outlier topic, else 0; 0 before the first fit."""
        return int(-1 in (self.topic_sizes_ or {}))

    @property
    def topic_labels_(self) -> dict[int, str]:
        """Return the default name of each topic, such as ``"0_space_orbit_moon_nasa"``."""
        from topicstream.model.labels import topic_labels

        return topic_labels(self)

    def fit(
        self,
        documents: Documents | None,
        embeddings: Embeddings | None = None,
        images: list[Any] | None = None,
        y: Labels | None = None,
    ) -> Self:
        """Learn the topics of the documents.

        Parameters
        ----------
        documents
            Texts, one per document; None when there are only images.
        embeddings
            Vectors of the documents, shape (n, d); None (default) computes them.
        images
            Paths or PIL images, one per document; None by default.
        y
            Known labels, -1 where unknown, shape (n,); None by default.

        Returns
        -------
        BERTopic
            This model.

        Raises
        ------
        TypeError
            `documents` is not a sequence of strings.
        ValueError
            The embeddings do not fit the documents, or a sub-model cannot be fitted.

        """
        self.fit_transform(documents, embeddings=embeddings, images=images, y=y)
        return self

    def fit_transform(
        self,
        documents: Documents | None,
        embeddings: Embeddings | None = None,
        images: list[Any] | None = None,
        y: Labels | None = None,
    ) -> tuple[list[int], NDArray[Any] | None]:
        """Learn the topics of the documents, and return each document's.

        Parameters
        ----------
        documents
            Texts, one per document; None when there are only images.
        embeddings
            Vectors of the documents, shape (n, d); None (default) computes them.
        images
            Paths or PIL images, one per document; None by default.
        y
            Known labels, -1 where unknown, shape (n,); None by default.

        Returns
        -------
        topics
            The topic of each document, -1 for outliers.
        probabilities
            Shape (n,), or (n, n_topics) with `calculate_probabilities`; None when the clusterer
            has none.

        Raises
        ------
        TypeError
            `documents` is not a sequence of strings.
        ValueError
            The embeddings do not fit the documents, or a sub-model cannot be fitted.

        """
        from topicstream.model.fitting import fit_transform

        return fit_transform(self, documents, embeddings=embeddings, images=images, y=y)

    def transform(
        self,
        documents: str | Documents | None,
        embeddings: Embeddings | None = None,
        images: list[Any] | None = None,
        *,
        fast: bool = False,
    ) -> tuple[list[int], NDArray[Any] | None]:
        """Return the topics of new documents.

        Parameters
        ----------
        documents
            Texts, or one text; None when `embeddings` or `images` are given alone.
        embeddings
            Vectors of the documents, shape (n, d), or (d,) for one; None (default) computes them.
        images
            Paths or PIL images; None by default.
        fast
            Whether the topic embeddings alone decide, without reducer and clusterer: thousands of
            times faster, and never -1. False by default.

        Returns
        -------
        topics
            The topic of each document, -1 for outliers.
        probabilities
            Shape (n,), or (n, n_topics) with `calculate_probabilities`; None when the clusterer
            has none. Column `j` is topic `j`.

        Raises
        ------
        ValueError
            The model is not fitted, or a part that prediction needs is missing.

        """
        from topicstream.model.prediction import transform

        return transform(self, documents, embeddings=embeddings, images=images, fast=fast)

    def partial_fit(
        self,
        documents: str | Documents,
        embeddings: Embeddings | None = None,
        y: Labels | None = None,
        *,
        accumulate_topics: bool = False,
    ) -> Self:
        """Learn from one more batch of documents.

        Parameters
        ----------
        documents
            Texts of this batch.
        embeddings
            Their vectors, shape (n, d); None (default) computes them.
        y
            Labels; None by default.
        accumulate_topics
            Whether `topics_` grows by each batch's topics; False (default) keeps the last batch's.

        Returns
        -------
        BERTopic
            This model.

        Raises
        ------
        ValueError
            A sub-model cannot learn in batches.

        """
        from topicstream.model.partial_fitting import partial_fit

        partial_fit(
            self, documents, embeddings=embeddings, y=y, accumulate_topics=accumulate_topics
        )
        return self

    def topics_over_time(
        self,
        docs: Documents | None = None,
        timestamps: Values | None = None,
        topics: Labels | None = None,
        nr_bins: int | None = None,
        datetime_format: str | None = None,
        evolution_tuning: bool = True,
        global_tuning: bool = True,
        *,
        fine_tune_representation: bool = False,
    ) -> pd.DataFrame:
        """Return the words and the size of each topic at each time.

        Parameters
        ----------
        docs
            The documents that the model was fitted on, in their order; None for a model that
            `from_snapshot` made, which remembers.
        timestamps
            The time of each: strings, datetimes or whole numbers; None where docs is.
        topics
            The topic of each; None (default) takes `topics_`.
        nr_bins
            Number of equal spans that times are gathered in; None (default) keeps each time.
        datetime_format
            How strings are read, in the signs of strptime; None (default) finds out.
        evolution_tuning
            Whether a topic's words are averaged with those of the time before, True by default.
        global_tuning
            Whether they are averaged with the topic's words of all times, True by default.
        fine_tune_representation
            Whether the representation model runs for each time, False by default.

        Returns
        -------
        DataFrame
            Columns Topic, Words, Frequency, Timestamp; by time, then by topic.

        Raises
        ------
        ValueError
            The model is not fitted, or lengths differ.

        """
        from topicstream.model.over_time import topics_over_time

        return topics_over_time(
            self,
            docs,
            timestamps,
            topics=topics,
            nr_bins=nr_bins,
            datetime_format=datetime_format,
            evolution_tuning=evolution_tuning,
            global_tuning=global_tuning,
            fine_tune_representation=fine_tune_representation,
        )

    def topics_per_class(
        self,
        docs: Documents,
        classes: Values,
        global_tuning: bool = True,
        *,
        fine_tune_representation: bool = False,
    ) -> pd.DataFrame:
        """Return the words and the size of each topic in each class.

        Parameters
        ----------
        docs
            The documents that the model was fitted on, in their order.
        classes
            The class of each.
        global_tuning
            Whether words are averaged with the topic's words of all classes, True by default.
        fine_tune_representation
            Whether the representation model runs for each class, False by default.

        Returns
        -------
        DataFrame
            Columns Topic, Words, Frequency, Class.

        Raises
        ------
        ValueError
            The model is not fitted, or lengths differ.

        """
        from topicstream.model.per_class import topics_per_class

        return topics_per_class(
            self,
            docs,
            classes,
            global_tuning=global_tuning,
            fine_tune_representation=fine_tune_representation,
        )

    def hierarchical_topics(
        self,
        docs: Documents | None = None,
        use_ctfidf: bool = True,
        linkage_function: Callable[[Any], NDArray[Any]] | None = None,
        distance_function: Callable[[Any], Any] | None = None,
        *,
        fine_tune_representation: bool = False,
    ) -> pd.DataFrame:
        """Return which topics merge with which, from the root down, and the words of each merge.

        Parameters
        ----------
        docs
            The documents that the model was fitted on, in their order; None for a model that
            `from_snapshot` made, which has counts.
        use_ctfidf
            Whether distances are between c-TF-IDF rows (default) or between topic embeddings.
        linkage_function
            From condensed distances to a linkage; None (default) is Ward's.
        distance_function
            From rows to distances, square or condensed; None (default) is 1 - cosine.
        fine_tune_representation
            Whether the representation model runs for each merge, False by default.

        Returns
        -------
        DataFrame
            One row per merge: Parent_ID, Parent_Name, Topics, Child_Left_ID, Child_Left_Name,
            Child_Right_ID, Child_Right_Name, Distance.

        Raises
        ------
        ValueError
            The model is not fitted, or lengths differ.

        """
        from topicstream.model.hierarchy import hierarchical_topics

        return hierarchical_topics(
            self,
            docs,
            use_ctfidf=use_ctfidf,
            linkage_function=linkage_function,
            distance_function=distance_function,
            fine_tune_representation=fine_tune_representation,
        )

    @staticmethod
    def get_topic_tree(
        hier_topics: pd.DataFrame, max_distance: float | None = None, tight_layout: bool = False
    ) -> str:
        """Return the hierarchy of topics drawn as text.

        Parameters
        ----------
        hier_topics
            What `hierarchical_topics` returned.
        max_distance
            Leaves that merge at this distance or later are drawn apart; None (default) draws none.
        tight_layout
            Whether the indent is 1 instead of 4, False by default.

        Returns
        -------
        str
            One line per topic and per merge.

        """
        from topicstream.model.tree import get_topic_tree

        return get_topic_tree(hier_topics, max_distance=max_distance, tight_layout=tight_layout)

    def approximate_distribution(
        self,
        documents: str | Documents,
        window: int = 4,
        stride: int = 1,
        min_similarity: float = 0.1,
        batch_size: int | None = 1000,
        padding: bool = False,
        use_embedding_model: bool = False,
        calculate_tokens: bool = False,
        separator: str = " ",
    ) -> tuple[NDArray[np.float64], list[NDArray[np.float64]] | None]:
        """Return how much of each topic is in each document, found with a sliding window.

        Parameters
        ----------
        documents
            Texts, or one text.
        window
            Tokens in a window, 4 by default.
        stride
            Tokens from one window to the next, 1 by default.
        min_similarity
            Similarities below it count as 0, 0.1 by default.
        batch_size
            Documents at a time, 1000 by default; None takes all at once.
        padding
            Whether shorter windows stand at both ends, False by default.
        use_embedding_model
            Whether windows are embedded, instead of compared by c-TF-IDF; False by default.
        calculate_tokens
            Whether each token gets a distribution too, False by default.
        separator
            What joins the tokens of a window, a space by default.

        Returns
        -------
        distributions
            Shape (n, n_topics) without outliers; rows sum to 1, or are zero.
        token_distributions
            One array of shape (n_tokens, n_topics) per document, or None.

        Raises
        ------
        ValueError
            The model is not fitted, or has no c-TF-IDF.

        """
        from topicstream.model.distribution import approximate_distribution

        return approximate_distribution(
            self,
            documents,
            window=window,
            stride=stride,
            min_similarity=min_similarity,
            batch_size=batch_size,
            padding=padding,
            use_embedding_model=use_embedding_model,
            calculate_tokens=calculate_tokens,
            separator=separator,
        )

    def find_topics(
        self, search_term: str | None = None, image: object | None = None, top_n: int = 5
    ) -> tuple[list[int], list[float]]:
        """Return the topics nearest to a search term, or to an image.

        Parameters
        ----------
        search_term
            Words to look for.
        image
            A path or a PIL image, for an embedder that takes images; None by default.
        top_n
            How many topics, 5 by default.

        Returns
        -------
        topics
            Ids, the nearest first.
        similarities
            Their cosines.

        Raises
        ------
        ValueError
            There is nothing to look for, or no embedder.

        """
        from topicstream.model.search import find_topics

        return find_topics(self, search_term=search_term, image=image, top_n=top_n)

    def update_topics(
        self,
        docs: Documents,
        images: list[Any] | None = None,
        topics: Labels | None = None,
        top_n_words: int = 10,
        n_gram_range: tuple[int, int] | None = None,
        vectorizer_model: object | None = None,
        ctfidf_model: object | None = None,
        representation_model: object | None = None,
    ) -> None:
        """Compute the words of topics again, with other settings or another assignment.

        Parameters
        ----------
        docs
            The documents that the model was fitted on, in their order.
        images
            Their images; None by default.
        topics
            Another topic for each document; None (default) keeps `topics_`.
        top_n_words
            Words kept for each topic, 10 by default.
        n_gram_range
            Shortest and longest run of words that counts as a term; None (default) keeps it.
        vectorizer_model
            None (default) makes a new CountVectorizer.
        ctfidf_model
            None (default) makes a new ClassTfidfTransformer.
        representation_model
            None (default) keeps the c-TF-IDF words.

        Raises
        ------
        ValueError
            The model is not fitted, or lengths differ.

        """
        from topicstream.model.update import update_topics

        update_topics(
            self,
            docs,
            images=images,
            topics=topics,
            top_n_words=top_n_words,
            n_gram_range=n_gram_range,
            vectorizer_model=vectorizer_model,
            ctfidf_model=ctfidf_model,
            representation_model=representation_model,
        )

    def get_topics(self, full: bool = False) -> dict[Any, Any]:
        """Return the words and scores of all topics.

        Parameters
        ----------
        full
            Whether aspects are included, as a dict from aspect to topics; False by default.

        Returns
        -------
        dict
            From topic id to pairs of word and score.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.topic_info import get_topics

        return get_topics(self, full=full)

    def get_topic(self, topic: int, full: bool = False) -> Any:  # noqa: ANN401  # False, list, dict
        """Return the words and scores of one topic.

        Parameters
        ----------
        topic
            Its id.
        full
            Whether aspects are included, as a dict from aspect to words; False by default.

        Returns
        -------
        list, dict or False
            Pairs of word and score; False for an unknown id.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.topic_info import get_topic

        return get_topic(self, topic, full=full)

    def get_topic_info(self, topic: int | None = None) -> pd.DataFrame:
        """Return one row per topic: size, name, words, representative documents.

        Parameters
        ----------
        topic
            Only this one; None (default) returns all.

        Returns
        -------
        DataFrame
            Ordered by topic.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.topic_info import get_topic_info

        return get_topic_info(self, topic)

    def get_topic_freq(self, topic: int | None = None) -> pd.DataFrame | int:
        """Return how many documents each topic has.

        Parameters
        ----------
        topic
            Only this one; None (default) returns all.

        Returns
        -------
        DataFrame or int
            Columns Topic and Count, the largest first; the count alone for one topic.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.topic_info import get_topic_freq

        return get_topic_freq(self, topic)

    def get_document_info(
        self,
        docs: Documents,
        df: pd.DataFrame | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return one row per document: its topic, the topic's name and words, its probability.

        Parameters
        ----------
        docs
            The documents that the model was fitted on, in their order.
        df
            A frame of the same length to start from; None by default.
        metadata
            More columns; None by default.

        Returns
        -------
        DataFrame
            In the order of `docs`.

        Raises
        ------
        ValueError
            The model is not fitted, or lengths differ.

        """
        from topicstream.model.topic_info import get_document_info

        return get_document_info(self, docs, df=df, metadata=metadata)

    def get_representative_docs(
        self, topic: int | None = None
    ) -> dict[int, list[str]] | list[str] | None:
        """Return the documents that stand for a topic.

        Parameters
        ----------
        topic
            Only this one; None (default) returns all.

        Returns
        -------
        dict, list or None
            Texts by topic; the texts alone for one topic; None when there are none.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.topic_info import get_representative_docs

        return get_representative_docs(self, topic)

    def generate_topic_labels(
        self,
        nr_words: int = 3,
        topic_prefix: bool = True,
        word_length: int | None = None,
        separator: str = "_",
        aspect: str | None = None,
    ) -> list[str]:
        """Return a name for each topic, made of its words.

        Parameters
        ----------
        nr_words
            Words in a name, 3 by default.
        topic_prefix
            Whether the id comes first, True by default.
        word_length
            Most characters of a word; None (default) keeps all.
        separator
            What joins them, ``"_"`` by default.
        aspect
            The aspect that words are taken from; None (default) takes the main words.

        Returns
        -------
        list of str
            By ascending topic.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.topic_info import generate_topic_labels

        return generate_topic_labels(
            self,
            nr_words=nr_words,
            topic_prefix=topic_prefix,
            word_length=word_length,
            separator=separator,
            aspect=aspect,
        )

    def set_topic_labels(self, topic_labels: list[str] | Mapping[int, str]) -> None:
        """Give topics names of your own.

        Parameters
        ----------
        topic_labels
            One name for each topic by ascending id, -1 included; or names for some, by id.

        Raises
        ------
        ValueError
            The model is not fitted, or the number of names is not the number of topics.

        """
        from topicstream.model.update import set_topic_labels

        set_topic_labels(self, topic_labels)

    def merge_topics(
        self,
        docs: Documents | None,
        topics_to_merge: Sequence[int] | Sequence[Iterable[int]],
        images: list[Any] | None = None,
    ) -> None:
        """Make one topic of several.

        Parameters
        ----------
        docs
            The documents that the model was fitted on, in their order; None for a model that
            `from_snapshot` made, which has counts.
        topics_to_merge
            Ids of one group, or a list of groups.
        images
            Images of the documents; None by default.

        Raises
        ------
        ValueError
            The model is not fitted, an id is unknown, or lengths differ.

        """
        from topicstream.model.merging_topics import merge_topics

        merge_topics(self, docs, topics_to_merge, images=images)

    def delete_topics(self, topics_to_delete: Sequence[int]) -> None:
        """Remove topics; their documents become outliers.

        Parameters
        ----------
        topics_to_delete
            Ids of topics.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.merging_topics import delete_topics

        delete_topics(self, topics_to_delete)

    def reduce_topics(
        self,
        docs: Documents | None = None,
        nr_topics: int | str = 20,
        images: list[Any] | None = None,
        use_ctfidf: bool = False,
    ) -> Self:
        """Merge topics until so many are left.

        Parameters
        ----------
        docs
            The documents that the model was fitted on, in their order; None for a model that
            `from_snapshot` made, which has counts.
        nr_topics
            How many, outliers included, 20 by default; ``"auto"`` merges what is alike.
        images
            Images of the documents; None by default.
        use_ctfidf
            Whether c-TF-IDF decides what is alike, instead of topic embeddings; False by default.

        Returns
        -------
        BERTopic
            This model.

        Raises
        ------
        ValueError
            The model is not fitted, or lengths differ.

        """
        from topicstream.model.reduction import reduce_topics

        return reduce_topics(self, docs, nr_topics=nr_topics, images=images, use_ctfidf=use_ctfidf)

    def reduce_outliers(
        self,
        documents: Documents,
        topics: Labels,
        images: list[Any] | None = None,
        strategy: str = "distributions",
        probabilities: NDArray[Any] | None = None,
        threshold: float = 0,
        embeddings: Embeddings | None = None,
        distributions_params: Mapping[str, Any] | None = None,
    ) -> list[int]:
        """Return the topics with outliers sent to the topic that suits them best.

        Parameters
        ----------
        documents
            The documents that the model was fitted on, in their order.
        topics
            The topic of each.
        images
            Their images; None by default.
        strategy
            ``"distributions"`` (default), ``"probabilities"``, ``"c-tf-idf"`` or ``"embeddings"``.
        probabilities
            Shape (n, n_topics), for the strategy of that name; None by default.
        threshold
            Least similarity or probability, 0 by default.
        embeddings
            Shape (n, d), for the strategy of that name; None (default) computes them.
        distributions_params
            More arguments of `approximate_distribution`; None by default.

        Returns
        -------
        list of int
            A new list; the model stays as it is.

        Raises
        ------
        ValueError
            The strategy is unknown, or lacks what it needs.

        """
        from topicstream.model.outliers import reduce_outliers

        return reduce_outliers(
            self,
            documents,
            topics,
            images=images,
            strategy=strategy,
            probabilities=probabilities,
            threshold=threshold,
            embeddings=embeddings,
            distributions_params=distributions_params,
        )

    def save(
        self,
        path: str | Path,
        serialization: str = "safetensors",
        save_embedding_model: bool | str = True,
        save_ctfidf: bool = False,
        *,
        save_sub_models: bool = False,
    ) -> None:
        """Write the model to a folder, or to one file as a pickle.

        Parameters
        ----------
        path
            Folder, or file for a pickle.
        serialization
            ``"safetensors"`` (default), ``"pytorch"`` or ``"pickle"``.
        save_embedding_model
            Name of the embedder on the hub; True (default) finds out; False leaves it out.
        save_ctfidf
            Whether c-TF-IDF and vocabulary are written, False by default.
        save_sub_models
            Whether reducer and clusterer are written, as plain arrays, so that the loaded model
            predicts by them; False by default.

        Raises
        ------
        ValueError
            The serialization is unknown, or the model is not fitted.

        """
        from topicstream.model.persistence.save import save

        save(
            self,
            path,
            serialization=serialization,
            save_embedding_model=save_embedding_model,
            save_ctfidf=save_ctfidf,
            save_sub_models=save_sub_models,
        )

    @classmethod
    def load(
        cls,
        path: str | Path,
        embedding_model: object | None = None,
        *,
        allow_pickle: bool = False,
        revision: str | None = None,
        token: str | None = None,
    ) -> BERTopic:
        """Return the model that `save` wrote, ours or bertopic's.

        Parameters
        ----------
        path
            Folder, file of a pickle, or name on the Hugging Face hub.
        embedding_model
            The embedder; None (default) takes the one that was saved.
        allow_pickle
            Whether a pickle may be opened: it runs whatever is in it. False by default.
        revision
            Branch, tag or commit on the hub; None (default) takes the newest.
        token
            Password for the hub; None by default.

        Returns
        -------
        BERTopic
            A fitted model.

        Raises
        ------
        ValueError
            There is no model, or it is damaged.

        """
        from topicstream.model.persistence.load import load

        return load(
            cls,
            path,
            embedding_model=embedding_model,
            allow_pickle=allow_pickle,
            revision=revision,
            token=token,
        )

    @classmethod
    def from_snapshot(
        cls,
        path: str | Path,
        embedding_model: object | None = None,
        *,
        prefix: str = "topicstream",
    ) -> BERTopic:
        """Return the live model of a stream as a fitted model, under the ids that it has there.

        It answers as the stream does, and needs no documents for `hierarchical_topics`,
        `topics_over_time`, `merge_topics` and `reduce_topics`. It has none either: `topics_` is
        empty, and what reads documents says so.

        Parameters
        ----------
        path
            Folder of a snapshot; a state folder, of which the newest sound one is taken; or where
            the stream publishes its model, such as ``"redis://localhost:6379/0"``.
        embedding_model
            The embedder; None (default) takes the stream's, where it has a name.
        prefix
            Name under which Redis holds the model, ``"topicstream"`` by default.

        Returns
        -------
        BERTopic
            A fitted model; it does not follow the stream any further.

        Raises
        ------
        ValueError
            There is no snapshot, or none that is sound and of this version.

        """
        from topicstream.model.live import from_snapshot

        return from_snapshot(cls, path, embedding_model, prefix=prefix)

    @classmethod
    def merge_models(
        cls,
        models: Sequence[BERTopic],
        min_similarity: float = 0.7,
        embedding_model: object | None = None,
    ) -> BERTopic:
        """Return one model with the topics of several: the first's, and what is new in the others.

        Parameters
        ----------
        models
            Two or more fitted models of one embedder.
        min_similarity
            Cosine, 0.7 by default, from which two topics are one.
        embedding_model
            The embedder of the result; None (default) takes the first model's.

        Returns
        -------
        BERTopic
            A new model.

        Raises
        ------
        ValueError
            There are fewer than two models, or they do not fit together.

        """
        from topicstream.model.merge_models import merge_models

        return merge_models(
            cls, models, min_similarity=min_similarity, embedding_model=embedding_model
        )

    def push_to_hf_hub(
        self,
        repo_id: str,
        commit_message: str = "Add BERTopic model",
        token: str | None = None,
        revision: str | None = None,
        private: bool = False,
        create_pr: bool = False,
        model_card: bool = True,
        serialization: str = "safetensors",
        save_embedding_model: bool | str = True,
        save_ctfidf: bool = False,
    ) -> Any:  # noqa: ANN401  # whatever huggingface_hub returns
        """Upload the model to the Hugging Face hub.

        Parameters
        ----------
        repo_id
            Owner and name.
        commit_message
            ``"Add BERTopic model"`` by default.
        token
            Password for the hub; None (default) takes the one that is logged in.
        revision
            Branch; None (default) takes the main one.
        private
            Whether a new repository is private, False by default.
        create_pr
            Whether a pull request is made, False by default.
        model_card
            Whether a README is written where there is none, True by default.
        serialization
            ``"safetensors"`` (default) or ``"pytorch"``.
        save_embedding_model
            See `save`.
        save_ctfidf
            See `save`.

        Returns
        -------
        object
            What the upload returned.

        Raises
        ------
        ValueError
            The model is not fitted.

        """
        from topicstream.model.hub import push_to_hf_hub

        return push_to_hf_hub(
            self,
            repo_id,
            commit_message=commit_message,
            token=token,
            revision=revision,
            private=private,
            create_pr=create_pr,
            model_card=model_card,
            serialization=serialization,
            save_embedding_model=save_embedding_model,
            save_ctfidf=save_ctfidf,
        )

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """Return the arguments of the constructor with their present values.

        Parameters
        ----------
        deep
            Whether the parameters of sub-models are included, False by default.

        Returns
        -------
        dict
            Ordered by name.

        """
        from topicstream.model.topic_info import get_params

        return get_params(self, deep=deep)

    def __str__(self) -> str:
        """Return the model with its parameters, on several lines."""
        from topicstream.model.topic_info import to_text

        return to_text(self)

    # What follows is called by other people's representation models and tests, by these names.

    def _is_zeroshot(self) -> bool:
        from topicstream.model.zeroshot import is_zeroshot

        return is_zeroshot(self)

    def _extract_embeddings(
        self,
        documents: Any,  # noqa: ANN401  # one text, texts or None
        images: list[Any] | None = None,
        method: str = "document",
        verbose: bool | None = None,
    ) -> Any:  # noqa: ANN401  # whatever the embedder returns
        from topicstream.model.embedding import extract_embeddings

        return extract_embeddings(self, documents, images=images, method=method, verbose=verbose)

    def _reduce_dimensionality(
        self, embeddings: Embeddings, y: Labels | None = None, partial_fit: bool = False
    ) -> Any:  # noqa: ANN401  # whatever the reducer returns
        from topicstream.model.clustering import reduce_dimensionality

        return reduce_dimensionality(self, embeddings, y=y, partial_fit=partial_fit)

    def _cluster_embeddings(
        self,
        umap_embeddings: Any,  # noqa: ANN401  # whatever the reducer returned
        documents: pd.DataFrame,
        partial_fit: bool = False,
        y: Labels | None = None,
    ) -> tuple[pd.DataFrame, NDArray[Any] | None]:
        from topicstream.model.clustering import cluster_embeddings

        return cluster_embeddings(self, umap_embeddings, documents, partial_fit=partial_fit, y=y)

    def _extract_topics(
        self,
        documents: pd.DataFrame,
        embeddings: Embeddings | None = None,
        mappings: Mapping[int, Any] | None = None,
        verbose: bool = False,
        fine_tune_representation: bool = True,
    ) -> None:
        from topicstream.model.words import extract_topics

        extract_topics(
            self,
            documents,
            embeddings=embeddings,
            mappings=mappings,
            verbose=verbose,
            fine_tune_representation=fine_tune_representation,
        )

    def _c_tf_idf(
        self, documents_per_topic: pd.DataFrame, fit: bool = True, partial_fit: bool = False
    ) -> tuple[csr_matrix, NDArray[Any]]:
        from topicstream.model.bag_of_words import c_tf_idf

        return c_tf_idf(self, documents_per_topic, fit=fit, partial_fit=partial_fit)

    def _preprocess_text(self, documents: Sequence[str] | NDArray[Any]) -> list[str]:
        from topicstream.model.bag_of_words import preprocess_text

        return preprocess_text(self, documents)

    def _update_topic_size(self, documents: pd.DataFrame) -> None:
        from topicstream.model.frequency import update_topic_size

        update_topic_size(self, documents)

    def _sort_mappings_by_frequency(self, documents: pd.DataFrame) -> pd.DataFrame:
        from topicstream.model.frequency import sort_mappings_by_frequency

        return sort_mappings_by_frequency(self, documents)

    def _reduce_topics(self, documents: pd.DataFrame, use_ctfidf: bool = False) -> pd.DataFrame:
        from topicstream.model.reduction import reduce_frame

        return reduce_frame(self, documents, use_ctfidf=use_ctfidf)

    def _extract_representative_docs(
        self,
        c_tf_idf: csr_matrix,
        documents: pd.DataFrame,
        topics: Mapping[int, Any],
        nr_samples: int = 500,
        nr_repr_docs: int = 5,
        diversity: float | None = None,
    ) -> tuple[dict[int, list[str]], list[str], list[list[int]], list[list[int]]]:
        from topicstream.model.representative_docs import extract_representative_docs

        return extract_representative_docs(
            self,
            c_tf_idf,
            documents,
            topics,
            nr_samples=nr_samples,
            nr_repr_docs=nr_repr_docs,
            diversity=diversity,
        )

    def _save_representative_docs(self, documents: pd.DataFrame) -> None:
        from topicstream.model.representative_docs import save_representative_docs

        save_representative_docs(self, documents)

    def _create_topic_vectors(
        self,
        documents: pd.DataFrame | None = None,
        embeddings: Embeddings | None = None,
        mappings: Mapping[int, Any] | None = None,
    ) -> None:
        from topicstream.model.topic_vectors import create_topic_vectors

        create_topic_vectors(self, documents, embeddings=embeddings, mappings=mappings)

    def _extract_words_per_topic(
        self,
        words: Sequence[str] | NDArray[Any],
        documents: pd.DataFrame,
        c_tf_idf: csr_matrix | None = None,
        fine_tune_representation: bool = True,
        calculate_aspects: bool = True,
        embeddings: Embeddings | None = None,
    ) -> dict[int, Words]:
        from topicstream.model.words import extract_words_per_topic

        return extract_words_per_topic(
            self,
            words,
            documents,
            c_tf_idf=c_tf_idf,
            fine_tune_representation=fine_tune_representation,
            calculate_aspects=calculate_aspects,
            embeddings=embeddings,
        )

    @staticmethod
    def _top_n_idx_sparse(matrix: csr_matrix, n: int) -> NDArray[Any]:
        from topicstream.model.words import top_n_idx_sparse

        return top_n_idx_sparse(matrix, n)

    @staticmethod
    def _top_n_values_sparse(matrix: csr_matrix, indices: NDArray[Any]) -> NDArray[Any]:
        from topicstream.model.words import top_n_values_sparse

        return top_n_values_sparse(matrix, indices)

    def _map_predictions(self, predictions: Sequence[int] | NDArray[Any]) -> list[int]:
        from topicstream.model.prediction import map_predictions

        return map_predictions(self, predictions)

    def _map_probabilities(
        self, probabilities: NDArray[Any] | None, original_topics: bool = False
    ) -> NDArray[Any] | None:
        from topicstream.model.clustering import map_probabilities

        return map_probabilities(self, probabilities, original_topics=original_topics)
