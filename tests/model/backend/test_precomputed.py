import numpy as np
import pytest

from topicstream.model.backend.precomputed import PrecomputedEmbedder
from topicstream.model.errors import EmbedderError


@pytest.mark.parametrize(
    ("width", "name", "shape"), [(None, "precomputed", (0, 0)), (384, "precomputed:384", (0, 384))]
)
def test_it_knows_its_width_and_gives_no_rows_for_no_texts(
    width: int | None, name: str, shape: tuple[int, int]
) -> None:
    embedder = PrecomputedEmbedder(width)
    assert (embedder.n_dimensions, embedder.name, embedder.fingerprint) == (width, name, name)
    assert embedder.embed([]).shape == shape
    assert embedder.embed([]).dtype == np.float32


def test_texts_are_refused_with_what_to_do() -> None:
    with pytest.raises(EmbedderError, match=r"2 documents came without.*choose an embedder"):
        PrecomputedEmbedder().embed(["a", "b"])


def test_a_width_below_one_is_refused() -> None:
    with pytest.raises(EmbedderError, match="n_dimensions is 0; it must be 1 or more"):
        PrecomputedEmbedder(0)
