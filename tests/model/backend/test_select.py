import pytest

from topicstream.model.backend.precomputed import PrecomputedEmbedder
from topicstream.model.backend.select import select_embedder
from topicstream.model.backend.sentence_transformers import SentenceTransformersEmbedder
from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.errors import EmbedderError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("static", StaticEmbedder),
        (" static ", StaticEmbedder),
        ("precomputed", PrecomputedEmbedder),
        ("precomputed:8", PrecomputedEmbedder),
        ("all-MiniLM-L6-v2", SentenceTransformersEmbedder),
        ("./static", SentenceTransformersEmbedder),
    ],
)
def test_each_name_has_its_kind(name: str, kind: type) -> None:
    assert type(select_embedder(name)) is kind


@pytest.mark.parametrize("name", ["static", "precomputed", "precomputed:8", "some/model"])
def test_an_embedder_knows_the_name_that_selects_it(name: str) -> None:
    assert select_embedder(name).name == name


def test_the_width_is_taken_from_the_name() -> None:
    assert select_embedder("precomputed:384").n_dimensions == 384
    assert select_embedder("precomputed").n_dimensions is None


@pytest.mark.parametrize("width", ["", "0", "-3", "wide", "3.5", "\u0663"])
def test_a_wrong_width_is_refused(width: str) -> None:
    with pytest.raises(EmbedderError, match=r"a whole number from 1 on"):
        select_embedder(f"precomputed:{width}")


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_refused_with_those_allowed(name: str) -> None:
    with pytest.raises(EmbedderError, match=r"allowed are 'static', 'precomputed'"):
        select_embedder(name)


def test_a_batch_of_none_is_refused() -> None:
    with pytest.raises(EmbedderError, match="batch_size is 0; it must be 1 or more"):
        select_embedder("some/model", batch_size=0)
