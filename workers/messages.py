"""The records on the topics, as docs/reference/records.md describes them; each has a version."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Final, Literal

import msgspec

from topicstream.stream.records import Record

VERSION: Final = 1
"""Version of every record: raised when a reader of an older one would go wrong."""

NULL: Final = msgspec.Raw(b"null")
"""What a field holds that is handed on as it came, when it did not come."""

Reason = Literal[
    "null_value",
    "too_large",
    "invalid_utf8",
    "invalid_json",
    "not_an_object",
    "missing_text",
    "empty_text",
    "bad_id",
    "bad_timestamp",
    "bad_embedding",
    "wrong_dimensions",
]
"""Why a record can be refused."""


class Document(msgspec.Struct):
    """A document as it comes in, in JSON; unknown fields are ignored."""

    text: str
    id: str | int | None = None
    timestamp: float | str | None = None
    source: msgspec.Raw = NULL
    class_: msgspec.Raw = msgspec.field(default=NULL, name="class")
    metadata: msgspec.Raw = NULL
    embedding: list[float] | None = None


class EmbeddedDocument(msgspec.Struct, array_like=True):
    """A document with its vector, in MessagePack as an array.

    `timestamp` is in seconds since 1970; `source`, `class_` and `metadata` are JSON as it came;
    `vector` is float32, little-endian.
    """

    v: int
    id: str
    text: str
    timestamp: float
    source: memoryview
    class_: memoryview
    metadata: memoryview
    vector: memoryview
    embedder: str


class Assignment(msgspec.Struct, omit_defaults=True):
    """The answer for one document; topic -1 is for outliers."""

    v: int
    id: str
    topic: int
    label: str
    strength: float
    runner_up: int
    model_sequence: int
    timestamp: str
    source: msgspec.Raw = NULL
    class_: msgspec.Raw = msgspec.field(default=NULL, name="class")
    metadata: msgspec.Raw = NULL


class EvidenceRecord(msgspec.Struct):
    """What a drift event rests on."""

    words_before: tuple[str, ...]
    words_after: tuple[str, ...]
    share_before: float
    share_after: float
    examples: tuple[str, ...]


class DriftRecord(msgspec.Struct):
    """A drift event; topic -1 is the whole feed, `window` is from and to."""

    v: int
    kind: str
    topic: int
    label: str
    severity: str
    score: float
    threshold: float
    window: tuple[str, str]
    model_sequence: int
    evidence: EvidenceRecord
    parents: tuple[int, ...] = ()
    children: tuple[int, ...] = ()


class TopicRecord(msgspec.Struct):
    """The newest description of one topic."""

    v: int
    id: int
    label: str
    words: tuple[tuple[str, float], ...]
    size: int
    share: float
    first_seen: str
    last_seen: str
    parents: tuple[int, ...] = ()


class DeadLetter(msgspec.Struct, omit_defaults=True):
    """A record that was refused; `source` says where it lies: topic/partition/offset."""

    v: int
    reason: str
    detail: str
    source: str
    payload: str
    encoding: Literal["text", "base64"] = "text"
    n_bytes: int = 0
    truncated: bool = False


class Refused(msgspec.Struct, frozen=True):
    """Why one record was refused."""

    reason: Reason
    detail: str


to_json = msgspec.json.Encoder().encode


def rfc3339(seconds: float) -> str:
    """Return a time in seconds since 1970 as text, in UTC.

    Examples
    --------
    >>> rfc3339(1_700_000_000.25)
    '2023-11-14T22:13:20.250000Z'

    """
    moment = _EPOCH + dt.timedelta(seconds=seconds)
    return moment.isoformat()[:-6] + "Z"


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def dead_letter(record: Record, refused: Refused, *, max_payload_bytes: int) -> bytes:
    r"""Return the dead letter for `record`, in JSON.

    Parameters
    ----------
    record
        The record that was refused.
    refused
        Why.
    max_payload_bytes
        Length, in bytes, beyond which the payload is cut off.

    Examples
    --------
    >>> record = Record("documents", 0, 7, 0, None, b"\xff", ())
    >>> refused = Refused("invalid_utf8", "byte 0 is not UTF-8")
    >>> letter = dead_letter(record, refused, max_payload_bytes=1000)
    >>> msgspec.json.decode(letter)["source"]
    'documents/0/7'

    """
    value = record.value or b""
    payload, encoding = _payload(value[:max_payload_bytes], whole=len(value) <= max_payload_bytes)
    letter = DeadLetter(
        VERSION,
        refused.reason,
        refused.detail,
        place(record),
        payload,
        encoding,
        len(value),
        len(value) > max_payload_bytes,
    )
    return to_json(letter)


def place(record: Record) -> str:
    """Return where a record lies: topic/partition/offset."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def _payload(value: bytes, *, whole: bool) -> tuple[str, Literal["text", "base64"]]:
    try:
        return value.decode(), "text"
    except UnicodeDecodeError as error:
        # The cut may go through a character; what lies before it is still text.
        if not whole and error.start >= len(value) - 3:
            return value[: error.start].decode(), "text"
    return base64.b64encode(value).decode("ascii"), "base64"
