"""Word vectors out of a table, weighted and summed: fast, offline, the same on every machine.

The table is WordLlama's, 32,000 tokens by 256, and travels inside its wheel.

A text is cut into words at white space, and each word into tokens by byte pair encoding. No token
of the table reaches over white space, so this is the same as encoding the whole text, but for the
white space itself, which counts for nothing here. Words repeat: only a word not met before is
encoded, and afterwards it is a number.

References
----------
Arora, Liang, Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017: the
weights a / (a + p).

"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topicstream.model.backend.base import encodable, unit_rows
from topicstream.model.errors import EmbedderError

if TYPE_CHECKING:
    import polars as pl
    from tokenizers import Tokenizer

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_N_TOKENS, _N_DIMENSIONS = 32_000, 256
_SIF_A = 1e-3
_RECIPE = b"topicstream static 1: words at white space, pieces of 128, sif 1e-3 over 1 / (id + 1)"

_PIECE = 128
"""Characters of a word that are encoded together: it bounds the time that one word can take."""
_CHUNK = 2_000_000
"""Characters after which the next text starts another chunk: it bounds the memory of a call."""
_GROUP = 128
"""Words that are encoded as one string: it saves most of the cost of a call."""
_GROUPS_AT_ONCE = 512

# What str.isspace calls white space, and the mark that the tokenizer writes for a space.
_SPACES = [
    *"\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u2581",
    *map(chr, range(0x2000, 0x200B)),
]


class StaticEmbedder:
    """Embeds at tens of thousands of documents a second on one core, without a network or torch.

    A vector depends on its text alone, bit for bit: not on the batch, its order, or what was
    embedded before. Words longer than 128 characters are cut into pieces of 128.

    Parameters
    ----------
    max_cached_tokens
        Tokens of known words to keep, 2,000,000 by default, which is about 300,000 words of an
        English forum. When they are exceeded all are dropped, and the next texts are slower for
        a moment.

    Raises
    ------
    EmbedderError
        `max_cached_tokens` is negative; when first used, the wordllama package is missing or
        holds another table.

    Examples
    --------
    >>> embedder = StaticEmbedder()
    >>> cat, kitten, engine = embedder.embed(["a cat", "the kitten", "diesel engine"])
    >>> bool(cat @ kitten > cat @ engine)
    True

    """

    name = "static"
    n_dimensions = _N_DIMENSIONS

    def __init__(self, *, max_cached_tokens: int = 2_000_000) -> None:
        if max_cached_tokens < 0:
            message = f"max_cached_tokens is {max_cached_tokens}; it must be 0 or more"
            raise EmbedderError(message)
        self._max_cached_tokens = max_cached_tokens
        self._table: _Table | None = None
        self._words: _Words | None = None

    @property
    def fingerprint(self) -> str:
        """Return a hash of table, tokenizer and recipe."""
        return self._loaded().fingerprint

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        r"""Return one vector of unit length for each text; zeros where it has no words.

        Parameters
        ----------
        texts
            Any number of texts, none included. A lone surrogate counts as a question mark.

        Returns
        -------
        ndarray of shape (n_texts, 256)
            In the order of `texts`.

        Raises
        ------
        EmbedderError
            An item is not a string, or the table cannot be loaded.

        Examples
        --------
        >>> vectors = StaticEmbedder().embed(["gun laws", " \n"])
        >>> vectors.shape, vectors[1].any().item()
        ((2, 256), False)

        """
        table = self._loaded()
        out = np.zeros((len(texts), _N_DIMENSIONS), dtype=np.float32)
        clean = encodable(texts)
        for part in _chunks(clean):
            tokens, begins = self._tokens(table, clean[part])
            out[part] = unit_rows(table.sums(tokens, begins))
        return out

    def _loaded(self) -> _Table:
        if self._table is None:
            self._table = _Table.load()
        return self._table

    def _tokens(
        self, table: _Table, texts: list[str]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        # Taken away while it is used: words that were left half learnt are never used again.
        words, self._words = self._words or _Words(table), None
        tokens, begins = words.tokens(texts)
        if words.n_tokens <= self._max_cached_tokens:
            self._words = words
        return tokens, begins


@dataclass(frozen=True, slots=True)
class _Table:
    """Weighted token vectors, shape (n_tokens, n_dimensions), and the tokenizer beside them.

    `opens_word` says of each token whether a word begins with it.
    """

    vectors: NDArray[np.float32]
    tokenizer: Tokenizer
    opens_word: NDArray[np.bool_]
    fingerprint: str

    @classmethod
    def load(cls) -> _Table:
        # Heavy, and not needed by whoever only asks for the name.
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        weights, rules = _packaged(_WEIGHTS), _packaged(_TOKENIZER)
        vectors = load(weights)["embedding.weight"]
        if vectors.shape != (_N_TOKENS, _N_DIMENSIONS):
            message = (
                f"wordllama's table has the shape {vectors.shape}, expected "
                f"{(_N_TOKENS, _N_DIMENSIONS)}: pip install 'wordllama>=0.4.0'"
            )
            raise EmbedderError(message)
        tokenizer = Tokenizer.from_buffer(rules)
        tokenizer.encode_special_tokens = True  # a text that says "<s>" means the characters
        fingerprint = hashlib.sha256(_RECIPE + hashlib.sha256(weights).digest() + rules)
        return cls(
            _sif_weighted(vectors), tokenizer, _opens_word(tokenizer), fingerprint.hexdigest()
        )

    def sums(self, tokens: NDArray[np.int32], begins: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the sum of the vectors of each text's tokens, added in the text's order."""
        from scipy.sparse import csr_array

        counts = np.ones(len(tokens), dtype=np.float32)
        shape = (len(begins) - 1, len(self.vectors))
        # Duplicates are left in: merging them would make the order of a sum depend on scipy.
        sums: NDArray[np.float32] = csr_array((counts, tokens, begins), shape=shape) @ self.vectors
        return sums


def _packaged(path: str) -> bytes:
    """Return a file out of wordllama's wheel; wordllama itself is not imported, it is slow."""
    spec = importlib.util.find_spec("wordllama")
    folders = [] if spec is None else spec.submodule_search_locations or []
    for folder in folders:
        if (Path(folder) / path).is_file():
            return (Path(folder) / path).read_bytes()
    message = f"wordllama's file {path!r} is missing: pip install 'wordllama>=0.4.0'"
    raise EmbedderError(message)


def _sif_weighted(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    # Ids are in the order of frequency. Counting a stream instead would make old vectors wrong.
    p = 1.0 / np.arange(1, len(vectors) + 1)
    weights = _SIF_A / (_SIF_A + p / p.sum())
    weighted: NDArray[np.float32] = np.multiply(
        vectors, weights.astype(np.float32)[:, None], dtype=np.float32
    )
    return weighted


def _chunks(texts: list[str]) -> Iterator[slice]:
    ends = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)))
    cuts = np.flatnonzero(np.diff(ends // _CHUNK)) + 1
    bounds = [0, *cuts.tolist(), len(texts)]
    return (slice(a, b) for a, b in pairwise(bounds) if a < b)


class _Words:
    """Words met so far, each with a number and its tokens.

    polars keeps the words and their numbers, in the order in which they were met. The tokens of
    word number `i` are ``tokens[begins[i] : begins[i + 1]]``.
    """

    def __init__(self, table: _Table) -> None:
        import polars as pl

        self._table = table
        self._dtype = pl.Categorical(pl.Categories.random())
        # polars forgets the numbers once no series has them.
        self._keepalive = pl.Series([], dtype=self._dtype)
        self._tokens = np.empty(0, dtype=np.int32)
        self._begins = np.zeros(1, dtype=np.int64)

    @property
    def n_tokens(self) -> int:
        return len(self._tokens)

    def tokens(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the tokens of all texts in a row, and where each text begins, and the end."""
        import polars as pl

        lists = pl.Series(texts, dtype=pl.String).str.replace_many(_SPACES, [" "]).str.split(" ")
        n_words = lists.list.len().to_numpy()
        words = lists.explode()
        numbers = words.cast(self._dtype).to_physical().to_numpy()
        self._learn(words, numbers)
        lengths = np.diff(self._begins)[numbers]
        ends = np.cumsum(lengths)
        shifts = self._begins[numbers] - (ends - lengths)
        places = np.arange(lengths.sum()) + np.repeat(shifts, lengths)
        text_ends = np.concatenate([[0], ends])[np.cumsum(n_words)]
        return self._tokens[places], np.concatenate([[0], text_ends])

    def _learn(self, words: pl.Series, numbers: NDArray[np.uint32]) -> None:
        places = np.flatnonzero(numbers >= len(self._begins) - 1)
        _, first = np.unique(numbers[places], return_index=True)
        if not len(first):
            return
        tokens, begins = self._encode(words.gather(places[first]).to_list())
        self._begins = np.concatenate([self._begins, self.n_tokens + begins[1:]])
        self._tokens = np.concatenate([self._tokens, tokens])

    def _encode(self, words: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        n_pieces = np.array([-(-len(word) // _PIECE) for word in words], dtype=np.int64)
        pieces = [word[i : i + _PIECE] for word in words for i in range(0, len(word), _PIECE)]
        groups = [" ".join(pieces[i : i + _GROUP]) for i in range(0, len(pieces), _GROUP)]
        ids = chain.from_iterable(self._ids(groups))
        tokens = np.fromiter(ids, dtype=np.int32)
        piece_begins = np.append(np.flatnonzero(self._table.opens_word[tokens]), len(tokens))
        return tokens, piece_begins[np.concatenate([[0], np.cumsum(n_pieces)])]

    def _ids(self, groups: list[str]) -> Iterator[list[int]]:
        # An encoding is a hundred times its ids, so only some of them exist at a time.
        for start in range(0, len(groups), _GROUPS_AT_ONCE):
            encodings = self._table.tokenizer.encode_batch_fast(
                groups[start : start + _GROUPS_AT_ONCE], add_special_tokens=False
            )
            yield from (encoding.ids for encoding in encodings)


def _opens_word(tokenizer: Tokenizer) -> NDArray[np.bool_]:
    opens = np.zeros(tokenizer.get_vocab_size(), dtype=np.bool_)
    for token, number in tokenizer.get_vocab().items():
        opens[number] = token.startswith("\u2581")
    return opens
