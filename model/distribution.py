"""How much of each topic is in each document, found with windows that slide over its tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import normalize
from tqdm.auto import tqdm

from topicstream.model.documents import check_documents_type, check_is_fitted
from topicstream.model.embedding import extract_embeddings, require_embedder
from topicstream.model.slices import check_has_c_tf_idf
from topicstream.model.tokens import Columns, cleaned_words, takes_words_one_by_one
from topicstream.model.windows import Windows, windows
from topicstream.model.word_runs import Words
from topicstream.model.words import known_weights

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic, Documents

BLOCK = 1 << 17  # similarities at a time: that many stay in the processor's cache

Score = Callable[["_Batch"], Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]]
"""Yields some windows of a batch, and their similarities to all topics; in the order of windows."""


class _Batch(NamedTuple):
    words: Words  # the tokens of all its documents
    windows: Windows

    def texts(self, separator: str) -> list[str]:
        """Return the windows as texts."""
        words = _tokens(self.words)
        bounds = zip(self.windows.start.tolist(), self.windows.stop.tolist(), strict=True)
        return [separator.join(words[start:stop]) for start, stop in bounds]


def approximate_distribution(
    topic_model: BERTopic,
    documents: str | Documents,
    *,
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

    Documents are cleaned as in the fit before they are cut into tokens (D-30).

    Parameters
    ----------
    topic_model
        A fitted model.
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
        The model is not fitted, or lacks c-TF-IDF, an embedder or topic embeddings.
    TypeError
        The documents are no collection of strings.

    """
    check_is_fitted(topic_model)
    _check_at_least_one(window=window, stride=stride, batch_size=batch_size)
    texts = [documents] if isinstance(documents, str) else list(documents)
    if texts:
        check_documents_type(texts)
    words = cleaned_words(topic_model.vectorizer_model, texts, topic_model.language)
    if use_embedding_model:
        score = _embedded(topic_model, separator)
    else:
        score = _weighed(topic_model, words.distinct, separator, min_similarity)
    n_topics = sum(topic >= 0 for topic in topic_model.get_topics())
    if not n_topics:
        score = _nothing
    distributions = np.zeros((len(texts), n_topics))
    per_token: list[NDArray[np.float64]] = []
    size = batch_size or max(1, len(texts))
    for start in tqdm(range(0, len(texts), size), disable=not topic_model.verbose):
        some = _part(words, start, start + size)
        batch = _Batch(some, windows(some.per_text, window, stride, padding=padding))
        if calculate_tokens:
            found = _of_tokens(batch, _passing(score(batch), min_similarity), n_topics)
            per_token += found
            sums = np.array([one.sum(axis=0) for one in found])
        else:
            sums = _of_documents(batch, _passing(score(batch), min_similarity), n_topics)
        distributions[start : start + size] = sums
    if n_topics and texts:
        distributions = normalize(distributions, norm="l1", copy=False)
    return distributions, per_token if calculate_tokens else None


def document_tokens(topic_model: BERTopic, document: str) -> list[str]:
    """Return the tokens of a document that its token distribution has a row for.

    Parameters
    ----------
    topic_model
        A fitted model.
    document
        A text.

    """
    return _tokens(cleaned_words(topic_model.vectorizer_model, [document], topic_model.language))


def _check_at_least_one(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"{name} is {count}; it must be 1 or more")


def _tokens(words: Words) -> list[str]:
    return [words.distinct[place] for place in words.places.tolist()]


def _part(words: Words, start: int, stop: int) -> Words:
    """Return the words of some documents."""
    first = int(words.per_text[:start].sum())
    per_text = words.per_text[start:stop]
    return Words(per_text, words.places[first : first + int(per_text.sum())], words.distinct)


def _weighed(
    topic_model: BERTopic, tokens: list[str], separator: str, min_similarity: float
) -> Score:
    """Compare windows with topics by c-TF-IDF."""
    check_has_c_tf_idf(topic_model)
    vectorizer, transformer = topic_model.vectorizer_model, topic_model.ctfidf_model
    offset = topic_model._outliers  # noqa: SLF001  # a hook that others call too
    # One row a term, so that the rows of the terms at hand can be taken out.
    topics = csr_array(csr_array(normalize(known_weights(topic_model)))[offset:].T)
    alone = takes_words_one_by_one(vectorizer) and not re.search(r"\w", separator or "_")
    columns = Columns(vectorizer).of(tokens) if alone else None

    def score(batch: _Batch) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        if columns is None:
            counts = csr_array(vectorizer.transform(batch.texts(separator)), dtype=np.float64)
        else:
            of_tokens = columns[batch.words.places]
            counts = _counted(batch.windows, of_tokens, len(vectorizer.vocabulary_))
        weights = csr_array(normalize(transformer.transform(counts)))
        narrow, used = _without_empty_columns(weights)
        table = topics[used].toarray()
        reaching = np.flatnonzero(_at_most(narrow, table) >= min_similarity)
        narrow = narrow[reaching]
        step = max(256, BLOCK // max(1, topics.shape[1]))
        for start in range(0, len(reaching), step):
            yield reaching[start : start + step], narrow[start : start + step] @ table

    return score


def _at_most(weights: csr_array, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what no topic's similarity to each window exceeds, (n_windows,)."""
    size = csr_array((np.abs(weights.data), weights.indices, weights.indptr), weights.shape)
    bound = size @ np.abs(table).max(axis=1)
    # Sums in another order are not quite the same.
    return np.asarray(bound, dtype=np.float64) * (1.0 + 1e-9)


def _counted(found: Windows, columns: NDArray[np.int64], n_terms: int) -> csr_array:
    """Return the terms of each window, (n_windows, n_terms)."""
    of_tokens = columns[found.tokens]
    known = of_tokens >= 0
    bounds = np.append(0, np.cumsum(known))[found.bounds].astype(np.int32)
    terms = of_tokens[known].astype(np.int32)
    counts = csr_array((np.ones(len(terms)), terms, bounds), shape=(len(bounds) - 1, n_terms))
    counts.sum_duplicates()
    return counts


def _without_empty_columns(weights: csr_array) -> tuple[csr_array, NDArray[np.int64]]:
    """Return the columns with entries, and which they were."""
    used = np.flatnonzero(np.bincount(weights.indices, minlength=weights.shape[1]))
    place = np.zeros(weights.shape[1], dtype=np.int32)
    place[used] = np.arange(len(used))
    parts = (weights.data, place[weights.indices], weights.indptr)
    return csr_array(parts, shape=(weights.shape[0], len(used))), used


def _embedded(topic_model: BERTopic, separator: str) -> Score:
    """Compare windows with topics by their embeddings."""
    require_embedder(topic_model, "use_embedding_model=True")
    if topic_model.topic_embeddings_ is None:
        raise ValueError("the model has no topic embeddings; set use_embedding_model=False")
    offset = topic_model._outliers  # noqa: SLF001  # a hook that others call too
    topics = topic_model.topic_embeddings_[offset:]

    def score(batch: _Batch) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        texts = batch.texts(separator)
        vectors = extract_embeddings(topic_model, texts, verbose=topic_model.verbose)
        yield np.arange(len(texts)), cosine_similarity(vectors, topics).astype(np.float64)

    return score


def _nothing(_: _Batch) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Compare with no topics."""
    return iter(())


def _passing(
    scores: Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]], min_similarity: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Set what is too small to 0."""
    for rows, similarities in scores:
        yield rows, np.multiply(similarities, similarities >= min_similarity, out=similarities)


def _of_documents(
    batch: _Batch, scores: Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]], n_topics: int
) -> NDArray[np.float64]:
    """Return the sums over the windows of each document, (n_documents, n_topics)."""
    sums = np.zeros((len(batch.words.per_text), n_topics))
    documents = np.repeat(np.arange(len(sums)), batch.windows.per_document)
    for rows, similarities in scores:
        here = documents[rows]
        first = np.flatnonzero(np.diff(here, prepend=-1))
        sums[here[first]] += np.add.reduceat(similarities, first, axis=0)
    return sums


def _of_tokens(
    batch: _Batch, scores: Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]], n_topics: int
) -> list[NDArray[np.float64]]:
    """Return, for each document, the sums over the windows around each of its tokens."""
    n_tokens = batch.words.per_text
    sums = np.zeros((int(n_tokens.sum()), n_topics))
    for rows, similarities in scores:
        some = batch.windows.some(rows)
        inside, bounds = some.tokens, some.bounds
        if not len(inside):
            continue
        first, last = int(inside.min()), int(inside.max()) + 1
        shape = (len(rows), last - first)
        around = csr_array((np.ones(len(inside)), inside - first, bounds), shape=shape)
        sums[first:last] += np.asarray(around.T @ similarities)
    parts = np.split(sums, np.cumsum(n_tokens)[:-1])
    return [part if len(part) else np.zeros((1, n_topics)) for part in parts]
