from __future__ import annotations

import msgspec
import pytest

from topicstream.stream.errors import JournalError
from topicstream.stream.journal import (
    Batch,
    Chain,
    Dead,
    Entry,
    Genesis,
    Position,
    Segment,
    Term,
    decode,
    encode,
    entry_hash,
    input_digest,
    mark_of,
    segments_of,
)
from topicstream.stream.records import OffsetMark, Record


def record(offset: int, entry: Entry) -> Record:
    return Record("journal", 0, offset, 0, None, encode(entry))


def genesis() -> Genesis:
    return Genesis(sequence=0, prev_hash="", clock_ms=5, state_hash="a", settings={"seed": 1})


def term(before: Entry) -> Term:
    return Term(
        sequence=before.sequence, prev_hash=entry_hash(encode(before)), clock_ms=5, state_hash="a"
    )


def batch(before: Entry, *, term: int = 1) -> Batch:
    return Batch(
        sequence=before.sequence + 1,
        prev_hash=entry_hash(encode(before)),
        clock_ms=7,
        state_hash="b",
        positions=(Position("embeddings", 0, 5),),
        term=term,
        segments=(Segment("embeddings", 0, 3, 4, 2),),
        n=2,
        input_digest="d",
        dead=(Dead("embeddings", 0, 4, "bad_embedding"),),
    )


def test_an_entry_reads_back_as_it_was_written() -> None:
    entry = batch(genesis())
    assert decode(record(0, entry)) == entry


def test_an_entry_is_json_with_the_names_of_the_protocol() -> None:
    fields = msgspec.json.decode(encode(batch(genesis())))
    assert fields["kind"] == "BATCH"
    assert fields["seq"] == 1
    assert fields["segments"] == [["embeddings", 0, 3, 4, 2]]


def test_a_sound_chain_is_followed_to_its_end() -> None:
    chain, entries = Chain(), [genesis()]
    entries.append(term(entries[-1]))  # type: ignore[arg-type]
    entries.append(batch(entries[-1]))  # type: ignore[arg-type]
    entries.append(batch(entries[-1]))  # type: ignore[arg-type]
    for offset, entry in enumerate(entries):
        chain.feed(record(offset, entry))
    assert (chain.offset, chain.term, chain.hash) == (3, 1, entry_hash(encode(entries[-1])))


def test_a_chain_may_begin_anywhere() -> None:
    middle = batch(genesis())
    chain = Chain()
    chain.feed(record(8, middle))
    chain.feed(record(9, batch(middle)))
    assert chain.offset == 9


@pytest.mark.parametrize(
    "wrong",
    [
        genesis(),
        msgspec.structs.replace(batch(genesis()), prev_hash="0"),
        msgspec.structs.replace(batch(genesis()), sequence=3),
        msgspec.structs.replace(batch(genesis()), sequence=0),
        msgspec.structs.replace(batch(genesis()), clock_ms=4),
        msgspec.structs.replace(term(genesis()), sequence=1),
    ],
)
def test_an_entry_that_does_not_follow_is_refused_by_its_offset(wrong: Entry) -> None:
    chain = Chain()
    chain.feed(record(0, genesis()))
    with pytest.raises(JournalError, match="entry 1 of topic 'journal'"):
        chain.feed(record(1, wrong))


def test_a_batch_of_an_earlier_term_is_refused() -> None:
    chain, first, second = Chain(), genesis(), term(genesis())
    chain.feed(record(0, first))
    chain.feed(record(1, second))
    with pytest.raises(JournalError, match="has term 0 within term 1"):
        chain.feed(record(2, batch(second, term=0)))


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{}", b'{"kind": "SWAP"}'])
def test_what_is_no_entry_is_refused(value: bytes | None) -> None:
    with pytest.raises(JournalError, match="cannot be read"):
        decode(Record("journal", 0, 4, 0, None, value))


def test_an_entry_of_a_later_version_is_refused() -> None:
    with pytest.raises(JournalError, match="has version 2, and this topicstream reads 1"):
        decode(record(0, msgspec.structs.replace(genesis(), v=2)))


def test_the_digest_tells_where_one_value_ends() -> None:
    def digest(*values: bytes) -> str:
        return input_digest([Record("t", 0, i, 0, None, value) for i, value in enumerate(values)])

    assert digest(b"ab", b"c") != digest(b"a", b"bc")
    assert digest(b"ab", b"c") == digest(b"ab", b"c")


def test_segments_tell_first_last_and_number_for_each_partition() -> None:
    records = [Record("t", p, o, 0, None, b"") for p, o in ((0, 2), (0, 5), (1, 7))]
    assert segments_of(records) == (Segment("t", 0, 2, 5, 2), Segment("t", 1, 7, 7, 1))


def test_the_note_beside_an_offset_names_sequence_and_state() -> None:
    assert mark_of(batch(genesis()), 5) == OffsetMark(5, "1:b")
