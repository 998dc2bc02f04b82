import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.errors import EmbedderError

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)
POSTS = [
    "The goalie stopped 35 shots on goal.",
    "Does the BIOS see both SCSI drives?\n\nThanks in advance,\nAnn",
    "gun-control laws: pro & contra ... (see http://example.org/~x?q=1)",
    "",
    " \t\u2003\u00a0\u3000\u2581\n",
    "\u4f60\u597d\u4e16\u754c\uff0c\u8fd9\u662f\u4e00\u4e2a\u6d4b\u8bd5\u3002",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "e\u0301\u0302\u0303 \U0001f469\u200d\U0001f52c \x00\x01",
    "<s> </s> <unk> are words here",
    "half a smile \ud83d",
    "x" * 1000,
]


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


@pytest.fixture(scope="module")
def forgetful() -> StaticEmbedder:
    return StaticEmbedder(max_cached_tokens=0)


def one_by_one(embedder: StaticEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
    return np.concatenate([embedder.embed([text]) for text in texts])


def test_rows_are_float32_of_unit_length_or_zero(embedder: StaticEmbedder) -> None:
    vectors = embedder.embed(POSTS)
    assert vectors.shape == (len(POSTS), embedder.n_dimensions)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    empty = np.array([not text.replace("\u2581", " ").strip() for text in POSTS])
    np.testing.assert_allclose(lengths[~empty], 1.0, rtol=1e-6)
    assert not vectors[empty].any()


def test_no_texts_give_no_rows(embedder: StaticEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 256)


def test_near_meanings_are_near(embedder: StaticEmbedder) -> None:
    space, orbit, hockey = embedder.embed(
        ["a rocket to the moon", "the satellite in its orbit", "hockey playoffs tonight"]
    )
    assert space @ orbit > space @ hockey


@settings(deadline=None, max_examples=30)
@given(texts=st.lists(ANYTHING, max_size=8), data=st.data())
def test_a_vector_depends_on_its_text_alone_bit_for_bit(
    embedder: StaticEmbedder, forgetful: StaticEmbedder, texts: list[str], data: st.DataObject
) -> None:
    together = embedder.embed(texts)
    order = data.draw(st.permutations(range(len(texts))))
    assert np.isfinite(together).all()
    assert np.array_equal(together[order], embedder.embed([texts[i] for i in order]))
    assert np.array_equal(together, forgetful.embed(texts))
    if texts:
        assert np.array_equal(together, one_by_one(forgetful, texts))


def test_long_texts_get_the_same_bits_in_any_batch(
    embedder: StaticEmbedder, forgetful: StaticEmbedder
) -> None:
    chance = random.Random(3)
    words = " ".join(POSTS).split() + [str(number) for number in range(2000)]
    texts = [" ".join(chance.choices(words, k=chance.randint(1, 900))) for _ in range(60)]
    together = embedder.embed(texts)
    assert np.array_equal(together, one_by_one(forgetful, texts))
    assert np.array_equal(together[::-1], embedder.embed(texts[::-1]))


def test_chunks_of_a_large_batch_do_not_show(
    embedder: StaticEmbedder, forgetful: StaticEmbedder
) -> None:
    texts = [f"post {number} " + "lorem ipsum dolor " * 30_000 for number in range(9)]
    assert np.array_equal(embedder.embed(texts), one_by_one(forgetful, texts))


def test_order_of_words_is_all_but_ignored_and_white_space_ignored(
    embedder: StaticEmbedder,
) -> None:
    vectors = embedder.embed(
        ["new drive for sale", "\n  new\tdrive\r\nfor\u2028 sale ", "sale for"]
    )
    assert np.array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[0], vectors[2])


def test_tokens_are_those_of_the_whole_text(embedder: StaticEmbedder) -> None:
    table = embedder._loaded()
    text = 'He said "don\'t"... (see <s> [1], \u4f60\u597d, \U0001f600!) -------------- x=y+2;'
    tokens, begins = embedder._tokens(table, [text, text + " again"])
    whole = table.tokenizer.encode(text, add_special_tokens=False).ids
    assert tokens[: begins[1]].tolist() == whole
    assert begins.tolist() == [0, len(whole), len(tokens)]


def test_weights_are_a_over_a_plus_p_and_sums_are_of_weighted_rows(
    embedder: StaticEmbedder,
) -> None:
    from safetensors.numpy import load

    from topicstream.model.backend import static

    raw = load(static._packaged(static._WEIGHTS))["embedding.weight"].astype(np.float64)
    p = 1 / np.arange(1, 32_001)
    weights = 1e-3 / (1e-3 + p / p.sum())
    tokenizer = embedder._loaded().tokenizer
    text = "the cat sat on the mat"
    counts = Counter(tokenizer.encode(text, add_special_tokens=False).ids)
    expected = sum(n * weights[token] * raw[token] for token, n in sorted(counts.items()))
    expected = expected / np.linalg.norm(expected)
    np.testing.assert_allclose(embedder.embed([text])[0], expected, atol=1e-6)


def test_words_are_forgotten_once_there_are_too_many() -> None:
    embedder = StaticEmbedder(max_cached_tokens=500)
    for start in range(0, 2000, 50):
        embedder.embed([" ".join(f"w{number}" for number in range(start, start + 50))])
        assert embedder._words is None or embedder._words.n_tokens <= 500


def test_a_call_that_breaks_off_leaves_no_half_learnt_words(embedder: StaticEmbedder) -> None:
    broken = StaticEmbedder()
    table = broken._loaded()
    broken.embed(["known words"])
    assert broken._words is not None
    broken._words._table = cast("Any", None)
    with pytest.raises(AttributeError):
        broken.embed(["wholly unheard of"])
    again = broken.embed(["wholly unheard of"])
    assert broken._loaded() is table
    assert np.array_equal(again, embedder.embed(["wholly unheard of"]))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 1_000_000, id="no-spaces"),
        pytest.param(" ".join(map(str, range(200_000))), id="distinct-words"),
        pytest.param("\x00" * 300_000, id="nul"),
        pytest.param("\ud83d" * 300_000, id="surrogates"),
        pytest.param("e" + "\u0301" * 300_000, id="combining"),
        pytest.param("\u4f60\u597d" * 200_000, id="cjk"),
        pytest.param("\U0001f600" * 200_000, id="emoji"),
        pytest.param("\u05e9\u05dc\u05d5\u05dd " * 100_000, id="right-to-left"),
    ],
)
@pytest.mark.timeout(30)
def test_large_and_odd_texts_are_embedded_in_time(embedder: StaticEmbedder, text: str) -> None:
    vectors = embedder.embed(["before", text, "after"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-6)
    assert np.array_equal(vectors[[0, 2]], embedder.embed(["before", "after"]))


def test_a_million_spaces_are_nothing(embedder: StaticEmbedder) -> None:
    assert not embedder.embed([" " * 1_000_000]).any()


def test_what_is_not_a_string_is_refused(embedder: StaticEmbedder) -> None:
    with pytest.raises(EmbedderError, match=r"texts\[0\] is None"):
        embedder.embed(cast("Any", [None]))


def test_a_negative_cache_is_refused() -> None:
    with pytest.raises(EmbedderError, match="max_cached_tokens is -1; it must be 0 or more"):
        StaticEmbedder(max_cached_tokens=-1)


def test_the_fingerprint_is_the_same_in_every_process(embedder: StaticEmbedder) -> None:
    code = (
        "from topicstream.model.backend.static import StaticEmbedder as S\n"
        "import sys, hashlib\n"
        "e = S()\n"
        "bits = hashlib.sha256(e.embed(['a cat', 'the dog and the cat']).tobytes()).hexdigest()\n"
        "sys.stdout.write(e.fingerprint + ' ' + bits)\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert runs[0].split()[0] == embedder.fingerprint


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = (
        "import sys\n"
        "from topicstream.model.backend.select import select_embedder\n"
        "select_embedder('static'), select_embedder('some-model')\n"
        "heavy = 'polars tokenizers safetensors scipy sentence_transformers torch wordllama'\n"
        "sys.exit(' '.join(name for name in heavy.split() if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr.strip() == ""
