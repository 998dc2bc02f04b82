from __future__ import annotations

import contextlib
import gzip
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest

from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.memory import MemoryLog
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Output, TopicPartition
from topicstream.workers.drained import is_drained
from topicstream.workers.feed import FeedError, FeedProducer
from topicstream.workers.messages import DeadLetter
from topicstream.workers.names import TopicNames

NAMES = TopicNames()
Follow = Callable[[Path], Callable[[], list[str]]]


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    log.create_topics(NAMES.specs())
    return log


def produce(log: Transport, feed: Path | str, **options: Any) -> list[bytes | None]:
    producer = FeedProducer(log, NAMES, str(feed), **{"batch_size": 2, **options})
    try:
        while producer.step() is not None:
            pass
    finally:
        producer.close()
    return values(log)


def values(log: Transport, topic: str = NAMES.documents) -> list[bytes | None]:
    parts = log.partitions(topic)
    reader = log.reader(log.beginning_offsets(parts))
    found = [record.value for record in reader.poll(10_000, 0)]
    reader.close()
    return found


def letters(log: Transport) -> list[DeadLetter]:
    return [
        msgspec.json.decode(value or b"", type=DeadLetter)
        for value in values(log, NAMES.deadletter)
    ]


def texts(log: Transport) -> list[str]:
    return [json.loads(value or b"")["text"] for value in values(log)]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[BinaryIO]:
    """The other end of standard input."""
    out, into = os.pipe()
    with os.fdopen(out, "rb") as stdin, os.fdopen(into, "wb", buffering=0) as writer:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writer


# Resuming


def test_a_feed_that_grew_continues_where_it_stopped(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n{"text":"b"}\n{"text":"c"}')
    assert len(produce(log, path)) == 3
    path.write_bytes(path.read_bytes() + b'\n{"text":"d"}\n')
    assert produce(log, path)[3:] == [b'{"text":"d"}']


@pytest.mark.parametrize("changed", [0, 1, 2, 3])
def test_a_change_anywhere_in_what_was_taken_is_noticed(
    log: MemoryLog, tmp_path: Path, changed: int
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(b'{"text":"%d"}\n' % n for n in range(4)))
    produce(log, path)
    path.write_bytes(
        b"".join(b'{"text":"%d"}\n' % (n + 9 * (n == changed)) for n in range(5)),
    )
    if changed == 0:  # the first record is what a feed is known by
        assert len(produce(log, path)) == 4 + 5
    else:
        with pytest.raises(FeedError, match=r"has changed since.*Restore it.*--state"):
            produce(log, path)
        assert len(values(log)) == 4


@pytest.mark.parametrize("follow", [False, True])
def test_a_feed_that_became_shorter_is_refused(
    log: MemoryLog, tmp_path: Path, follow: bool
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n{"text":"b"}\n{"text":"c"}\n')
    produce(log, path)
    path.write_bytes(b'{"text":"a"}\n{"text":"b"}\n')
    with pytest.raises(FeedError, match="3 records were taken, but has changed"):
        produce(log, path, follow=follow)


def test_records_that_were_refused_count_when_a_feed_is_resumed(
    log: MemoryLog, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    long = b'{"text":"' + b"x" * 5_000 + b'"}\n'
    path.write_bytes(long + b'{"text":"b"}\n')
    produce(log, path, max_record_bytes=1_000)
    path.write_bytes(path.read_bytes() + b'{"text":"c"}\n')
    assert len(produce(log, path, max_record_bytes=1_000)) == 2
    path.write_bytes(path.read_bytes() + long.replace(b"x", b"y") + b'{"text":"d"}\n')
    produce(log, path, max_record_bytes=1_000)
    assert texts(log) == ["b", "c", "d"]
    assert len(letters(log)) == 2


# Long lines


def test_a_line_that_is_too_long_is_one_dead_letter_and_its_neighbours_are_taken(
    log: MemoryLog, tmp_path: Path
) -> None:
    path, long = tmp_path / "a.jsonl", b"0123456789" * 300_000
    path.write_bytes(b'{"text":"a"}\n' + long + b'\n{"text":"b"}\n')
    produce(log, path)
    assert texts(log) == ["a", "b"]
    (letter,) = letters(log)
    assert (letter.reason, letter.n_bytes, letter.truncated) == ("too_large", 3_000_000, True)
    assert letter.payload == "0123456789" * 100
    assert letter.detail == "3,000,000 bytes; at most 1,000,000 are taken"
    assert letter.source == f"feed {path}/0/1"


def test_the_last_line_may_be_too_long_and_have_no_end(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n' + b"x" * 2_000_000)
    produce(log, path)
    assert [letter.n_bytes for letter in letters(log)] == [2_000_000]


def test_a_line_of_500_megabytes_takes_little_memory(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.truncate(500_000_000)  # zeros, which take no room on the disk
        file.seek(0, os.SEEK_END)
        file.write(b'\n{"text":"b"}\n')
    tracemalloc.start()
    try:
        produce(log, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert texts(log) == ["b"]
    assert [letter.n_bytes for letter in letters(log)] == [500_000_000]
    assert peak < 10_000_000


# Standard input


def test_standard_input_that_gives_nothing_does_not_block(log: MemoryLog, pipe: BinaryIO) -> None:
    producer = FeedProducer(log, NAMES, "-")
    began = time.monotonic()
    assert producer.step(0.05) == 0
    assert time.monotonic() - began < 1.0
    pipe.write(b'{"text":"a"}\n{"te')
    assert producer.step(0.05) == 1
    pipe.write(b'xt":"b"}\n')
    assert producer.step(0.05) == 1
    pipe.close()
    assert producer.step(0.05) is None
    producer.close()
    assert texts(log) == ["a", "b"]


def test_what_was_read_of_a_pipe_is_committed_before_a_stop(log: MemoryLog, pipe: BinaryIO) -> None:
    producer = FeedProducer(log, NAMES, "-", batch_size=10)
    pipe.write(b"".join(b'{"text":"%d"}\n' % n for n in range(35)))
    assert producer.step(1.0) == 10
    assert producer.flush() == 25
    producer.close()
    assert texts(log) == [str(n) for n in range(35)]


def test_a_gzipped_pipe_in_small_pieces_is_unpacked(log: MemoryLog, pipe: BinaryIO) -> None:
    producer = FeedProducer(log, NAMES, "-")
    packed = gzip.compress(b'{"text":"a"}\n') + gzip.compress(b'{"text":"b"}\n')
    for byte in packed:
        pipe.write(bytes([byte]))
        producer.step(0.01)
    pipe.close()
    while producer.step(0.01) is not None:
        pass
    assert texts(log) == ["a", "b"]


# CSV


def test_rows_of_csv_become_documents(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text,colour\n1,"a, b",red\n')
    assert produce(log, path) == [b'{"id":"1","text":"a, b","metadata":{"colour":"red"}}']


def test_quoted_cells_may_have_several_lines_blank_ones_too(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,text\r\n1,"one\r\n\r\n  ""two"", three\r\n"\r\n\r\n2,four "5"\r\n')
    produce(log, path)
    assert texts(log) == ['one\r\n\r\n  "two", three\r\n', 'four "5"']


def test_bytes_that_are_not_utf8_are_refused_in_csv_too(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,text\n1,gr\xfcn\n2,"a\nb\xfc"\n3,"gr\xc3\xbcn"\n')
    produce(log, path)
    assert texts(log) == ["grün"]
    assert [letter.reason for letter in letters(log)] == ["invalid_utf8"] * 2


def test_rows_with_too_many_cells_are_refused_and_with_too_few_filled_up(
    log: MemoryLog, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,id,colour\na,1\nb, c,2,red\nd,3,blue\n")
    produce(log, path)
    assert texts(log) == ["a", "d"]
    (letter,) = letters(log)
    assert letter.payload == "b, c,2,red"
    assert letter.detail == "the row has 4 cells and the header 3; quote cells that hold commas"


def test_a_quotation_mark_that_is_never_closed_is_one_dead_letter(
    log: MemoryLog, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,a\n2,"b\n3,c\n')
    produce(log, path)
    assert texts(log) == ["a"]
    assert [letter.payload for letter in letters(log)] == ['2,"b\n3,c\n']


@pytest.mark.parametrize("line", [40, 4_000])
def test_a_row_that_is_too_long_ends_where_its_quotation_does(
    log: MemoryLog, tmp_path: Path, line: int
) -> None:
    path = tmp_path / "a.csv"
    row = '2,"' + ("x, y\n" * 8 * line) + '"\n'
    path.write_text("id,text\n1,a\n" + row + "3,c\n")
    produce(log, path, max_record_bytes=1_000)
    assert texts(log) == ["a", "c"]
    assert [(one.reason, one.n_bytes) for one in letters(log)] == [("too_large", len(row))]


def test_a_line_of_csv_that_is_too_long_is_one_dead_letter(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,a\n2,"' + "x" * 400_000 + '\nand, more"\n3,c\n')
    produce(log, path, max_record_bytes=1_000)
    assert texts(log) == ["a", "c"]
    assert len(letters(log)) == 1


def test_embeddings_and_timestamps_of_csv_are_numbers(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,timestamp,embedding\na,12.5,"[0.5, 1, -2e-3]"\nb,nan,"[1, 2"\n')
    first, second = [json.loads(value or b"") for value in produce(log, path)]
    assert first == {"text": "a", "timestamp": 12.5, "embedding": [0.5, 1.0, -0.002]}
    assert second == {"text": "b", "timestamp": "nan", "embedding": "[1, 2"}


def test_csv_goes_on_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text\n" + "".join(f'{n},"text\n{n}"\n' for n in range(10)))
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topics(NAMES.specs())
        killed = FeedProducer(log, NAMES, str(path), batch_size=3)
        killed.step()
        killed.step()
        assert len(produce(log, path, batch_size=3)) == 10
        assert texts(log) == [f"text\n{n}" for n in range(10)]
        killed.close()


def test_a_byte_order_mark_is_no_part_of_the_first_record(log: MemoryLog, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbftext,id\na,1\n")
    (tmp_path / "b.jsonl").write_bytes(b'\xef\xbb\xbf\n\n{"text":"b"}\n')
    produce(log, tmp_path / "a.csv")
    produce(log, tmp_path / "b.jsonl")
    assert texts(log) == ["a", "b"]


def test_csv_without_a_column_for_text_is_refused(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;text\n1;a\n")
    with pytest.raises(FeedError, match="no column 'text'; its columns are id;text"):
        produce(log, path)


# Following


@pytest.fixture
def follow(log: MemoryLog) -> Iterator[Follow]:
    """Begin to follow a file; what it returns reads on, and gives the texts so far."""
    with contextlib.ExitStack() as stack:

        def start(path: Path) -> Callable[[], list[str]]:
            producer = FeedProducer(log, NAMES, str(path), follow=True)
            stack.callback(producer.close)

            def read() -> list[str]:
                for _ in range(2):
                    assert producer.step() is not None
                return texts(log)

            return read

        yield start


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_lines_that_come_later_are_taken_once_they_are_whole(
    follow: Follow, log: MemoryLog, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    read = follow(path)
    assert read() == []
    append(path, b'{"text":"a"}\n{"text":')
    assert read() == ["a"]
    append(path, b'"b"}')
    assert read() == ["a"]
    append(path, b'\n{"text":"c"}\n')
    assert read() == ["a", "b", "c"]


def test_rows_of_csv_that_come_later_are_taken_once_they_are_whole(
    follow: Follow, log: MemoryLog, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,te")
    read = follow(path)
    assert read() == []
    append(path, b'xt\n1,a\n2,"b\n')
    assert read() == ["a"]
    append(path, b'c"')
    assert read() == ["a"]
    append(path, b"\n3,d\n")
    assert read() == ["a", "b\nc", "d"]


def test_a_followed_file_that_is_cut_short_ends_with_an_error(
    follow: Follow, log: MemoryLog, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n')
    read = follow(path)
    assert read() == ["a"]
    path.write_bytes(b"")
    with pytest.raises(FeedError, match="cut short while it was followed: it has 0 bytes, and 13"):
        read()


@pytest.mark.parametrize("gone", [True, False])
def test_a_followed_file_that_is_replaced_ends_with_an_error(
    follow: Follow, log: MemoryLog, tmp_path: Path, gone: bool
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n')
    read = follow(path)
    assert read() == ["a"]
    append(path, b'{"text":"b"}\n')
    path.rename(tmp_path / "a.jsonl.1")
    if not gone:
        path.write_bytes(b'{"text":"c"}\n{"text":"d"}\n{"text":"e"}\n')
    with pytest.raises(FeedError, match="was replaced or removed"):
        read()
    assert texts(log) == ["a", "b"]


def test_a_gzip_file_cannot_be_followed(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text":"a"}\n'))
    with pytest.raises(FeedError, match="leave out --follow"):
        FeedProducer(log, NAMES, str(path), follow=True)


# Files that are damaged, missing or empty


@pytest.mark.parametrize("cut", [8, 20])
def test_what_comes_before_the_damage_of_a_gzip_is_kept(
    log: MemoryLog, tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = b"".join(b'{"text":"%d"}\n' % n for n in range(1_000))
    whole = gzip.compress(lines)
    path.write_bytes(whole[:-cut])
    with pytest.raises(FeedError, match="truncated"):
        produce(log, path)
    n_taken = len(values(log))
    assert n_taken > 900
    path.write_bytes(whole)
    assert len(produce(log, path)) == 1_000


def test_what_follows_a_gzip_and_is_none_is_an_error(log: MemoryLog, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text":"a"}\n') + b"\0\0\0not gzip")
    with pytest.raises(FeedError, match="damaged"):
        produce(log, path)
    assert texts(log) == ["a"]


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b""), b"id,text\n"])
def test_an_empty_feed_is_an_error(log: MemoryLog, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(FeedError, match="empty"):
        produce(log, path)


def test_a_feed_that_cannot_be_opened_says_so(log: MemoryLog, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="No such file"):
        produce(log, tmp_path / "none.jsonl")
    with pytest.raises(FeedError, match="is a folder"):
        produce(log, tmp_path)


# Where it ends


def test_a_feed_is_done_when_its_own_documents_are(log: MemoryLog, tmp_path: Path) -> None:
    path, part = tmp_path / "a.jsonl", TopicPartition(NAMES.documents, 0)
    path.write_bytes(b'{"text":"a"}\n{"text":"b"}\n')
    producer = FeedProducer(log, NAMES, str(path))
    producer.step()
    other = log.writer("other")
    other.commit([Output(NAMES.documents, b"of somebody else")] * 5, {part: 1}, group="g")
    assert not is_drained(log, "g", producer.ends)
    other.commit([Output(NAMES.documents, b"and more")] * 5, {part: 2}, group="g")
    assert is_drained(log, "g", producer.ends)
    producer.close()


def test_a_feed_that_was_taken_before_waits_for_what_was_there(
    log: MemoryLog, tmp_path: Path
) -> None:
    path, part = tmp_path / "a.jsonl", TopicPartition(NAMES.documents, 0)
    path.write_bytes(b'{"text":"a"}\n{"text":"b"}\n')
    produce(log, path)
    again = FeedProducer(log, NAMES, str(path))
    while again.step() is not None:
        pass
    again.close()
    assert (again.n_taken, again.ends) == (0, {part: 2})
