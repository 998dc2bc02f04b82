"""Where words stand in documents."""

from __future__ import annotations

import numpy as np

from topicstream.model.evaluation.token_places import places


def test_positions_count_all_tokens_of_the_document() -> None:
    [found] = places(["one cat and one dog", "", "Cat"], ["dog", "cat"], None)

    assert found.words.tolist() == [1, 0, 1]
    assert found.documents.tolist() == [0, 0, 2]
    assert found.positions.tolist() == [1, 4, 0]
    assert found.lengths.tolist() == [5, 0, 1]


def test_tokens_are_taken_as_they_are() -> None:
    documents = [("New York", "a"), np.array(["a", "A"])]
    [found] = places(documents, ["New York", "a"], None)  # type: ignore[arg-type]  # an array

    assert found.words.tolist() == [0, 1, 1]
    assert found.positions.tolist() == [0, 1, 0]


def test_chunks_hold_so_many_documents_and_are_read_when_needed() -> None:
    read: list[int] = []

    def endless() -> object:
        n = 0
        while True:
            read.append(n)
            yield f"cat number{n}"
            n += 1

    chunks = places(endless(), ["cat"], None, chunk=3)  # type: ignore[arg-type]  # a generator
    lengths = [next(chunks).lengths.tolist() for _ in range(2)]

    assert lengths == [[2, 2, 2], [2, 2, 2]]
    assert len(read) == 6


def test_words_that_are_not_asked_for_leave_no_place() -> None:
    [found] = places(["cat cat"], ["dog"], None)

    assert found.words.tolist() == []
    assert found.lengths.tolist() == [2]
