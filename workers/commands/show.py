"""``topicstream topics`` and ``events``: what a service knows, as tables or as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from topicstream.workers.messages import DriftRecord, TopicRecord
from topicstream.workers.settings import Settings
from topicstream.workers.sources import Source, newest_topics, opened, reading, to_end

_N_WORDS = 6
_POLL_S = 1.0
_SEVERITY = {"low": "yellow", "medium": "dark_orange", "high": "red"}
_topic = msgspec.json.Decoder(TopicRecord).decode
_event = msgspec.json.Decoder(DriftRecord).decode


def topics(settings: Settings, source: Source | None, *, as_json: bool = False) -> None:
    """Write the topics, the largest first.

    Parameters
    ----------
    settings
        Where the service is.
    source
        Which place to read; None takes Kafka where it is named, else the state folder.
    as_json
        Write JSON lines to a terminal too.

    """
    found = [(_topic(value), value) for value in newest_topics(settings, source)]
    found.sort(key=lambda pair: (-pair[0].size, pair[0].id))
    if _is_plain(as_json=as_json):
        _write([value for _, value in found])
    else:
        _console().print(_topics_table([topic for topic, _ in found]))


def events(
    settings: Settings, source: Source | None, *, follow: bool = False, as_json: bool = False
) -> None:
    """Write the drift events, the oldest first.

    Parameters
    ----------
    settings
        Where the service is.
    source
        Which place to read; None takes Kafka where it is named, else the state folder.
    follow
        Go on with each event as it comes, until Ctrl-C.
    as_json
        Write JSON lines to a terminal too.

    """
    plain = _is_plain(as_json=as_json)
    with (
        suppress(KeyboardInterrupt),
        opened(settings, source) as log,
        reading(log, settings, "drift") as reader,
    ):
        values = [r.value for r in to_end(log, reader) if r.value is not None]
        if not follow and not plain:
            _console().print(_events_table([_event(value) for value in values]))
            return
        _tell(values, plain=plain)
        while follow:
            records = reader.poll(1_000, _POLL_S)
            _tell([r.value for r in records if r.value is not None], plain=plain)


def _is_plain(*, as_json: bool) -> bool:
    return as_json or not sys.stdout.isatty()


def _console() -> Console:
    return Console(highlight=False)


def _write(lines: Sequence[bytes]) -> None:
    sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))
    sys.stdout.buffer.flush()


def _tell(values: Sequence[bytes], *, plain: bool) -> None:
    if plain:
        _write(values)
        return
    for value in values:
        event = _event(value)
        _console().print(_time(event.window[1]), *_cells(event), sep="  ", soft_wrap=True)


def _topics_table(found: Sequence[TopicRecord]) -> Table:
    title = "Topics" if found else "No topics yet"
    table = Table("topic", "documents", "share", "words", "first seen", "last seen", title=title)
    for topic in found:
        words = Text(", ".join(word for word, _ in topic.words[:_N_WORDS]))
        times = (_time(topic.first_seen), _time(topic.last_seen))
        table.add_row(str(topic.id), f"{topic.size:,}", f"{topic.share:.1%}", words, *times)
    return table


def _events_table(found: Sequence[DriftRecord]) -> Table:
    title = "Drift events" if found else "No drift events yet"
    table = Table("until", "kind", "severity", "topic", "share", "words", title=title)
    for event in found:
        table.add_row(_time(event.window[1]), *_cells(event))
    return table


def _cells(event: DriftRecord) -> tuple[Text, ...]:
    evidence = event.evidence
    share = f"{evidence.share_before:.1%} → {evidence.share_after:.1%}"
    words = ", ".join(evidence.words_after[:_N_WORDS])
    if event.kind == "word_shift":
        words = f"{', '.join(evidence.words_before[:_N_WORDS])} → {words}"
    severity = Text(event.severity, style=_SEVERITY.get(event.severity, ""))
    return Text(event.kind), severity, Text(event.label), Text(share), Text(words)


def _time(moment: str) -> str:
    return moment[:16].replace("T", " ")
