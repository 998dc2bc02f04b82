"""Terms have columns in the order of their first appearance, whatever was seen and forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from topicstream.model.vocabulary import Vocabulary

TEXTS = ["Moon rocket, moon!", "", "bread and cheese", "rocket x ROCKET", "Äpfel из МОСКВЫ"]


def located(*texts: str) -> list[str]:
    vocabulary = Vocabulary()
    vocabulary.locate(texts)
    return vocabulary.terms


def test_terms_are_lower_case_words_of_any_script_without_stop_words() -> None:
    assert located(*TEXTS) == ["moon", "rocket", "bread", "cheese", "äpfel", "из", "москвы"]


def test_terms_of_up_to_40_letters_count() -> None:
    assert located(f"{'x' * 40} {'y' * 41} z") == ["x" * 40]


@pytest.mark.parametrize("texts", [[], [""], ["the of", "1 22 !"]])
def test_texts_without_terms_have_none(texts: list[str]) -> None:
    assert located(*texts) == []


def test_every_occurrence_is_told() -> None:
    documents, columns = Vocabulary().locate(TEXTS)

    assert documents.tolist() == [0, 0, 0, 2, 2, 3, 3, 4, 4, 4]
    assert columns.tolist() == [0, 1, 0, 2, 3, 1, 1, 4, 5, 6]


def test_columns_do_not_depend_on_where_batches_are_cut() -> None:
    whole, cut = Vocabulary(), Vocabulary()
    together = whole.locate(TEXTS).columns
    pieces = [cut.locate([text]).columns for text in TEXTS]

    assert np.array_equal(np.concatenate(pieces), together)
    assert cut.terms == whole.terms


def test_forgotten_terms_come_back_at_the_end() -> None:
    vocabulary = Vocabulary()
    vocabulary.locate(TEXTS)
    vocabulary.keep(np.array([1, 3]))

    assert vocabulary.locate(["moon cheese rocket"]).columns.tolist() == [2, 1, 0]
    assert vocabulary.terms == ["rocket", "cheese", "moon"]


def test_a_vocabulary_made_from_its_terms_goes_on_the_same() -> None:
    one = Vocabulary()
    one.locate(TEXTS)
    other = Vocabulary(one.terms)

    more = ["planet moon the Äpfel", "orbit"]
    assert np.array_equal(one.locate(more).columns, other.locate(more).columns)
    assert one.terms == other.terms


def test_words_that_are_no_terms_do_not_pile_up_and_change_no_column() -> None:
    vocabulary = Vocabulary()
    vocabulary.locate(["moon"])
    letters = "abcdefghij"
    for batch in range(60):
        codes = [
            f"{batch:04}{n:04}".translate(str.maketrans("0123456789", letters)) * 6
            for n in range(1_000)
        ]
        vocabulary.locate([" ".join(codes)])

    assert vocabulary.terms == ["moon"]
    assert len(vocabulary._column_of) < 50_000
    assert vocabulary.locate(["moon rocket"]).columns.tolist() == [0, 1]
