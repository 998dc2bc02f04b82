"""Bytes into documents, or the reason why not; nothing here ever raises."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any, NamedTuple, NoReturn, cast

import msgspec

from topicstream.stream.records import Record
from topicstream.workers.messages import Document, Refused, place

MAX_ID_CHARACTERS = 1_000
_EARLIEST_S = dt.datetime(1, 1, 1, tzinfo=dt.UTC).timestamp()
_LATEST_S = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC).timestamp()
_decode = msgspec.json.Decoder(Document).decode


class Decoded(NamedTuple):
    """A document that is sound; `timestamp` in seconds since 1970."""

    id: str
    timestamp: float
    document: Document


def decode_document(record: Record, *, max_bytes: int) -> Decoded | Refused:
    """Return the document in `record`, or the reason for a dead letter.

    Parameters
    ----------
    record
        A record of the documents topic; its time serves a document without a timestamp.
    max_bytes
        Largest value that is accepted.

    Examples
    --------
    >>> good = Record("documents", 0, 7, 1_500, None, b'{"text": "gun laws"}')
    >>> decode_document(good, max_bytes=1_000)[:2]
    ('documents/0/7', 1.5)
    >>> decode_document(good._replace(value=b"[]"), max_bytes=1_000).reason
    'not_an_object'

    """
    value = record.value
    if value is None:
        return Refused("null_value", "the record has no value; send a JSON object")
    if len(value) > max_bytes:
        return Refused("too_large", f"{len(value):,} bytes; at most {max_bytes:,} are allowed")
    document = _document(value)
    return document if isinstance(document, Refused) else _checked(record, document)


def _document(value: bytes) -> Document | Refused:
    try:
        value.decode()  # fields that are handed on unread have to be UTF-8 as well
        return _decode(value)
    except UnicodeDecodeError as error:
        return Refused("invalid_utf8", f"byte {error.start} is not UTF-8")
    except (msgspec.DecodeError, RecursionError):
        return _second_look(value)


def _second_look(value: bytes) -> Document | Refused:
    """Find out what is wrong; a lone surrogate is not, and only Python's parser reads one."""
    try:
        fields = json.loads(value, parse_constant=_not_json)
        if not isinstance(fields, dict):
            return Refused("not_an_object", f"it is {_kind(fields)}; send a JSON object")
        found = _wrong_field(fields)
        return found or _decode(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        return Refused("invalid_json", str(error)[:200] or type(error).__name__)


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _wrong_field(fields: dict[str, Any]) -> Refused | None:
    text, name, when = fields.get("text"), fields.get("id"), fields.get("timestamp")
    if not isinstance(text, str):
        return Refused("missing_text", f"'text' is {_kind(text)}; it must be a string")
    if not isinstance(name, str | int | None) or isinstance(name, bool):
        return Refused("bad_id", f"'id' is {_kind(name)}; it must be a string or a whole number")
    if not _may_be_time(when):
        return Refused("bad_timestamp", f"'timestamp' is {_kind(when)}; {_TIMES}")
    if not _may_be_vector(fields.get("embedding")):
        return Refused("bad_embedding", "'embedding' must be a list of finite numbers")
    return None


def _may_be_time(value: object) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _in_range(value)
    return value is None or isinstance(value, str)


def _may_be_vector(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(_is_finite(item) for item in value))


def _is_finite(value: object) -> bool:
    try:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(cast(float, value))
    except OverflowError:
        return False


def _in_range(value: float) -> bool:
    return _EARLIEST_S <= value <= _LATEST_S


def _checked(record: Record, document: Document) -> Decoded | Refused:
    if not document.text or document.text.isspace():
        return Refused("empty_text", "'text' is empty; leave the document out")
    name = place(record) if document.id is None else str(document.id)
    if not 0 < len(name) <= MAX_ID_CHARACTERS:
        return Refused("bad_id", f"'id' must have 1 to {MAX_ID_CHARACTERS} characters")
    seconds = _seconds(document.timestamp, record.timestamp_ms / 1000.0)
    if seconds is None:
        return Refused("bad_timestamp", f"'timestamp' is {document.timestamp!r:.60}; {_TIMES}")
    return Decoded(name, seconds, document)


def _seconds(value: float | str | None, default_s: float) -> float | None:
    if value is None:
        return default_s
    try:
        seconds = _parsed(value) if isinstance(value, str) else value
    except (ValueError, OverflowError):
        return None
    return seconds if _in_range(seconds) else None


def _parsed(value: str) -> float:
    moment = dt.datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


_TIMES = "it must be seconds since 1970, or like 2023-11-14T22:13:20Z"


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return "missing or null" if value is None else names.get(type(value), "a number")
