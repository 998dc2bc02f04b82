from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from topicstream.stream.memory import MemoryLog
from topicstream.workers.feed import FeedError, FeedProducer
from topicstream.workers.names import TopicNames

NAMES = TopicNames()


def _log() -> MemoryLog:
    log = MemoryLog()
    log.create_topics(NAMES.specs())
    return log


def _produce(log: MemoryLog, path: Path) -> list[bytes | None]:
    feed = FeedProducer(log, NAMES, str(path), batch_size=2)
    try:
        while feed.step() is not None:
            pass
    finally:
        feed.close()
    return _values(log)


def _values(log: MemoryLog) -> list[bytes | None]:
    parts = log.partitions(NAMES.documents)
    return [r.value for r in log.reader(log.beginning_offsets(parts)).poll(1_000, 0)]


def test_a_feed_that_grew_continues_where_it_stopped(tmp_path: Path) -> None:
    log, path = _log(), tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n{"text":"b"}\n{"text":"c"}')
    assert len(_produce(log, path)) == 3
    path.write_bytes(path.read_bytes() + b'\n{"text":"d"}\n')
    assert _produce(log, path)[3:] == [b'{"text":"d"}']


def test_a_feed_that_changed_is_refused(tmp_path: Path) -> None:
    log, path = _log(), tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n{"text":"b"}\n')
    _produce(log, path)
    path.write_bytes(b'{"text":"a"}\n{"text":"x"}\n')
    with pytest.raises(FeedError, match="has changed since"):
        _produce(log, path)


def test_rows_of_csv_become_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text,colour\n1,"a, b",red\n')
    assert _produce(_log(), path) == [b'{"id":"1","text":"a, b","metadata":{"colour":"red"}}']


def test_what_comes_before_the_damage_of_a_gzip_is_kept(tmp_path: Path) -> None:
    log, path = _log(), tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text":"a"}\n{"text":"b"}\n{"text":"c"}\n')[:-8])
    with pytest.raises(FeedError, match="truncated"):
        _produce(log, path)
    assert len(_values(log)) == 3


def test_an_empty_feed_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    with pytest.raises(FeedError, match="empty"):
        _produce(_log(), path)
