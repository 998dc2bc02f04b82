from __future__ import annotations

import json

import pytest

from topicstream.stream.records import Record
from topicstream.workers.decoding import Decoded, decode_document
from topicstream.workers.messages import Refused


def decoded(value: bytes | None, *, max_bytes: int = 1_000_000) -> Decoded | Refused:
    return decode_document(Record("documents", 2, 7, 1_500, None, value), max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null_value"),
        (b"", "invalid_json"),
        (b'{"text": "a"', "invalid_json"),
        (b'{"text": NaN}', "invalid_json"),
        (b'{"text": "a", "metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_json"),
        (b'{"text": "\xff"}', "invalid_utf8"),
        (b'{"text": "a", "metadata": "\xff"}', "invalid_utf8"),
        (b"[1]", "not_an_object"),
        (b"7", "not_an_object"),
        (b"null", "not_an_object"),
        (b"{}", "missing_text"),
        (b'{"text": null}', "missing_text"),
        (b'{"text": 3}', "missing_text"),
        (b'{"text": ""}', "empty_text"),
        (b'{"text": " \\n"}', "empty_text"),
        (b'{"text": "a", "id": {}}', "bad_id"),
        (b'{"text": "a", "id": 1.5}', "bad_id"),
        (b'{"text": "a", "id": true}', "bad_id"),
        (b'{"text": "a", "id": ""}', "bad_id"),
        (b'{"text": "a", "id": "' + b"x" * 1001 + b'"}', "bad_id"),
        (b'{"text": "a", "timestamp": "yesterday"}', "bad_timestamp"),
        (b'{"text": "a", "timestamp": true}', "bad_timestamp"),
        (b'{"text": "a", "timestamp": 1e300}', "bad_timestamp"),
        (b'{"text": "a", "timestamp": 1e999}', "bad_timestamp"),
        (b'{"text": "a", "embedding": "long"}', "bad_embedding"),
        (b'{"text": "a", "embedding": [1, null]}', "bad_embedding"),
        (b'{"text": "a", "embedding": [1e999]}', "bad_embedding"),
    ],
)
def test_what_is_wrong_gets_its_reason(value: bytes | None, reason: str) -> None:
    found = decoded(value)
    assert isinstance(found, Refused)
    assert found.reason == reason
    assert found.detail


def test_a_value_above_the_limit_is_too_large() -> None:
    value = json.dumps({"text": "a" * 100}).encode()
    assert isinstance(decoded(value, max_bytes=len(value)), Decoded)
    found = decoded(value, max_bytes=len(value) - 1)
    assert isinstance(found, Refused)
    assert found.reason == "too_large"


def test_a_document_without_id_is_called_after_its_place() -> None:
    found = decoded(b'{"text": "a"}')
    assert isinstance(found, Decoded)
    assert (found.id, found.timestamp) == ("documents/2/7", 1.5)


@pytest.mark.parametrize(
    ("timestamp", "seconds"),
    [
        ("1700000000", 1_700_000_000.0),
        ("0.5", 0.5),
        ("-5", -5.0),
        ('"2023-11-14T22:13:20Z"', 1_700_000_000.0),
        ('"2023-11-14T23:13:20.250+01:00"', 1_700_000_000.25),
        ('"2023-11-14T22:13:20"', 1_700_000_000.0),
        ("null", 1.5),
    ],
)
def test_times_are_read_as_seconds_in_utc(timestamp: str, seconds: float) -> None:
    found = decoded(b'{"text": "a", "timestamp": %b}' % timestamp.encode())
    assert isinstance(found, Decoded)
    assert found.timestamp == seconds


def test_numbers_serve_as_ids() -> None:
    found = decoded(b'{"text": "a", "id": 12345678901234567890123}')
    assert isinstance(found, Decoded)
    assert found.id == "12345678901234567890123"


def test_a_lone_surrogate_is_replaced_and_its_document_kept() -> None:
    found = decoded(b'{"text": "half a smile \\ud83d", "id": "x\\udc00", "class": "\\ud83d"}')
    assert isinstance(found, Decoded)
    assert (found.document.text, found.id) == ("half a smile ?", "x?")
    assert bytes(found.document.class_) == b'"?"'


def test_fields_that_are_handed_on_may_be_anything() -> None:
    found = decoded(b'{"text": "a", "source": 3, "metadata": {"deep": [1]}, "other": 1}')
    assert isinstance(found, Decoded)
    assert bytes(found.document.metadata) == b'{"deep": [1]}'
