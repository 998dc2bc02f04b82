"""What a snapshot is to those who keep it: named files with a place in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SnapshotId:
    """Which state a snapshot holds.

    Parameters
    ----------
    sequence
        Number of the last batch that the state has seen.
    term
        Incarnation of the writer, its fencing token: a later writer has a higher one.
    state_hash
        SHA-256 of the canonical state, 64 hex digits.

    """

    sequence: int
    term: int
    state_hash: str

    @property
    def name(self) -> str:
        """Name that sorts by age: ``<sequence, 20 digits>-<term>-<first 12 hex digits>``."""
        return f"{self.sequence:020d}-{self.term}-{self.state_hash[:12]}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state as bytes: its id, and its files by name."""

    id: SnapshotId
    files: Mapping[str, bytes]


class SnapshotStore(Protocol):
    """Keeps snapshots; the newest sound one survives any crash."""

    def save(self, snapshot: Snapshot) -> None:
        """Make `snapshot` durable, read it back, and drop the oldest ones beyond the number kept.

        Raises
        ------
        SnapshotError
            It could not be written or read back; what was there before is untouched.

        """

    def list(self) -> list[str]:
        """Return the names of the complete snapshots, newest first."""

    def load(self, name: str) -> Snapshot:
        """Read one snapshot; SnapshotError says what is wrong with a damaged one."""
