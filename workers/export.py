"""Topics as files: one line for each record, exactly once, whatever happens in between."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from topicstream.stream.errors import StreamError
from topicstream.stream.protocols import Reader, Transport
from topicstream.stream.records import Record, TopicPartition
from topicstream.workers.batches import topic_record
from topicstream.workers.errors import ExportError
from topicstream.workers.names import TopicNames

if TYPE_CHECKING:
    from topicstream.model.online import OnlineTopicModel

logger = logging.getLogger(__name__)

__all__ = ["SIDECAR", "ExportError", "Exporter"]

SIDECAR = ".export.json"
_POLL_RECORDS = 10_000


class _Progress(msgspec.Struct):
    """How far one file has come: next offset of each partition, and its length."""

    offsets: dict[str, int] = {}
    n_bytes: int = msgspec.field(name="bytes", default=0)


class Exporter:
    """Keeps ``assignments.jsonl``, ``drift.jsonl`` and ``deadletter.jsonl`` equal to the topics.

    Lines are on disk before ``.export.json`` says so; what a crash leaves beyond its word is cut
    off at the next start, and written again.

    Parameters
    ----------
    transport
        Where the topics are.
    names
        Their names.
    folder
        Where the files go; made when missing. In a new one, everything is exported again.

    Raises
    ------
    ExportError
        The folder holds such a file that is not ours, or cannot be written.

    """

    def __init__(self, transport: Transport, names: TopicNames, folder: Path) -> None:
        self._folder = Path(folder)
        topics = {"assignments": names.assignments, "drift": names.drift}
        self._topics = topics | {"deadletter": names.deadletter}
        self._progress = self._read_progress()
        for name in self._topics:
            self._measure(name)
        self._transport = transport
        self._readers: dict[str, Reader] = {}
        self._files: dict[str, BinaryIO] = {}
        self.n_lines = dict.fromkeys(self._topics, 0)
        """Lines written since this exporter was made, for each file."""
        try:
            for name in self._topics:
                self._readers[name] = self._reader(transport, name)
                self._files[name] = self._open(name)
        except StreamError:
            self.close()
            raise

    def step(self, timeout_s: float = 0.0) -> int:
        """Write what is new.

        Parameters
        ----------
        timeout_s
            How long to wait for new records, in seconds; default 0.

        Returns
        -------
        int
            Number of lines written.

        """
        n_lines = 0
        for name, reader in self._readers.items():
            # Only the answers are waited for: there are always more of them than of the rest.
            wait_s = timeout_s if name == "assignments" else 0.0
            n_lines += self._append(name, reader.poll(_POLL_RECORDS, wait_s))
        if n_lines:
            self._save()
        return n_lines

    def catch_up(self, patience_s: float) -> bool:
        """Write all that is committed by now, and say whether there was time enough.

        Parameters
        ----------
        patience_s
            How long it may take, in seconds.

        """
        ends = self._transport.end_offsets(
            [part for topic in self._topics.values() for part in self._transport.partitions(topic)]
        )
        deadline = time.monotonic() + patience_s
        self.step()
        while self._lacks(ends):
            if time.monotonic() > deadline:
                return False
            self.step(0.1)
        return True

    def write_topics(self, model: OnlineTopicModel) -> None:
        """Write ``topics.json`` anew, at once or not at all."""
        lines = b",\n".join([b"  " + topic_record(topic) for topic in model.topics()])
        _replace(self._folder / "topics.json", b"[\n" + lines + b"\n]\n" if lines else b"[]\n")

    def close(self) -> None:
        """Close the files; closing twice is harmless."""
        for reader in self._readers.values():
            reader.close()
        for file in self._files.values():
            with contextlib.suppress(OSError):  # what could not be written was told before
                file.close()

    def _lacks(self, ends: Mapping[TopicPartition, int]) -> bool:
        return any(
            position < ends.get(part, 0)
            for reader in self._readers.values()
            for part, position in reader.positions().items()
        )

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"

    def _read_progress(self) -> dict[str, _Progress]:
        with _writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        sidecar = self._folder / SIDECAR
        if sidecar.exists():
            return self._decoded(sidecar)
        for name in self._topics:
            if self._path(name).exists():
                raise ExportError(
                    f"{self._path(name)} is there, but not {SIDECAR}: topicstream did not write "
                    "it. Move it away, or choose another folder"
                )
        fresh = {name: _Progress() for name in self._topics}
        _replace(sidecar, msgspec.json.encode(fresh))
        return fresh

    def _decoded(self, sidecar: Path) -> dict[str, _Progress]:
        try:
            known = msgspec.json.decode(sidecar.read_bytes(), type=dict[str, _Progress])
        except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
            raise ExportError(
                f"{sidecar} cannot be read ({error}); delete it together with the files beside "
                "it, and they are written anew"
            ) from error
        return {name: known.get(name, _Progress()) for name in self._topics}

    def _measure(self, name: str) -> None:
        path = self._path(name)
        n_bytes = path.stat().st_size if path.exists() else 0
        if n_bytes < self._progress[name].n_bytes:
            logger.warning("%s has lost lines and is written anew", path)
            self._progress[name] = _Progress()

    def _open(self, name: str) -> BinaryIO:
        with _writing(self._path(name)):
            file = self._path(name).open("ab")
            file.truncate(self._progress[name].n_bytes)
            return file

    def _reader(self, transport: Transport, name: str) -> Reader:
        parts = transport.partitions(self._topics[name])
        starts = transport.beginning_offsets(parts)
        ends = transport.end_offsets(parts)
        known = self._progress[name].offsets
        positions = {part: known.get(_key(part), starts[part]) for part in parts}
        self._check_ends(positions, ends)
        return transport.reader(positions)

    def _check_ends(
        self, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> None:
        for part, position in positions.items():
            if position > ends[part]:
                raise ExportError(
                    f"folder {self._folder} was written from another state: it has come to offset "
                    f"{position} of {_key(part)}, which ends at {ends[part]}. Choose another "
                    "folder, or go back to that state"
                )

    def _append(self, name: str, records: list[Record]) -> int:
        lines = [record.value for record in records if record.value is not None]
        if not records:
            return 0
        content = b"".join([line + b"\n" for line in lines])
        file, progress = self._files[name], self._progress[name]
        with _writing(self._path(name)):
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self.n_lines[name] += len(lines)
        progress.n_bytes += len(content)
        for record in records:
            progress.offsets[f"{record.topic}/{record.partition}"] = record.offset + 1
        return len(lines)

    def _save(self) -> None:
        _replace(self._folder / SIDECAR, msgspec.json.encode(self._progress))


def _key(part: TopicPartition) -> str:
    return f"{part.topic}/{part.partition}"


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written ({error.strerror}); make room or allow it, and run again: "
            "it goes on from there. Or choose another --output"
        ) from error


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path`, at once or not at all."""
    beside = path.with_name(f"{path.name}.tmp")
    with _writing(path):
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
