"""Membership of consumer groups in the embedded log: joining, staying, leaving, sharing."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable

from topicstream.stream.embedded_file import unknown_topic
from topicstream.stream.errors import FencedError
from topicstream.stream.groups import share_out
from topicstream.stream.records import TopicPartition

LEASE_MS = 30_000
"""A member that has been silent for longer loses its partitions to those who ask."""


class Membership:
    """One member's place in a group.

    Every method runs inside a transaction of the caller.

    Parameters
    ----------
    group, member
        Names; the same member joining again takes over from itself.
    topics
        Topics that it wants to share.

    """

    def __init__(self, group: str, member: str, topics: Collection[str]) -> None:
        self.group = group
        self.member = member
        self.topics = sorted(topics)
        self.incarnation = -1

    def join(self, connection: sqlite3.Connection) -> None:
        """Take a place, and a fair share of the partitions."""
        for topic in self.topics:
            _parts(connection, topic)
        self.incarnation = _next_generation(connection, self.group)
        connection.execute(
            "INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?)",
            (self.group, self.member, self.incarnation, json.dumps(self.topics), _now_ms()),
        )
        self._drop_silent(connection)
        self._share(connection, self.incarnation, renewed=self.member)

    def stay(self, connection: sqlite3.Connection) -> None:
        """Show that this member lives; join again if it was taken for dead.

        Raises
        ------
        FencedError
            Another process has joined under this member's name.

        """
        if not self._touch(connection):
            self.join(connection)
        elif self._drop_silent(connection):
            self._share(connection, _next_generation(connection, self.group))

    def leave(self, connection: sqlite3.Connection) -> None:
        """Give the partitions to the others."""
        gone = connection.execute(
            "DELETE FROM members WHERE group_name = ? AND member = ? AND incarnation = ?",
            (self.group, self.member, self.incarnation),
        )
        if gone.rowcount:
            self._share(connection, _next_generation(connection, self.group))

    def claims(self, connection: sqlite3.Connection) -> dict[TopicPartition, int]:
        """Return the partitions held now, each with the generation that gave it.

        Raises
        ------
        FencedError
            Another process has joined under this member's name.

        """
        self._check(connection)
        rows = connection.execute(
            "SELECT topic, partition, since FROM claims JOIN partitions ON id = partition_id "
            "WHERE group_name = ? AND member = ? ORDER BY topic, partition",
            (self.group, self.member),
        )
        return {TopicPartition(topic, number): since for topic, number, since in rows}

    def check_claims(
        self,
        connection: sqlite3.Connection,
        held: dict[TopicPartition, int],
        parts: Iterable[TopicPartition],
    ) -> None:
        """Raise FencedError unless each of `parts` has been ours since it was `held`."""
        now = self.claims(connection)
        for part in parts:
            if part not in held or now.get(part) != held[part]:
                raise FencedError(
                    f"partition {part.partition} of topic {part.topic!r} was taken from member "
                    f"{self.member!r} of group {self.group!r}; end this process and start again"
                )
        self._touch(connection)

    def _check(self, connection: sqlite3.Connection) -> bool:
        row = connection.execute(
            "SELECT incarnation FROM members WHERE group_name = ? AND member = ?",
            (self.group, self.member),
        ).fetchone()
        if row is not None and row[0] != self.incarnation:
            raise FencedError(
                f"another process has joined group {self.group!r} as {self.member!r}; end this "
                "one, or give each its own member name"
            )
        return row is not None

    def _touch(self, connection: sqlite3.Connection) -> bool:
        if not self._check(connection):
            return False
        connection.execute(
            "UPDATE members SET seen_ms = ? WHERE group_name = ? AND member = ?",
            (_now_ms(), self.group, self.member),
        )
        return True

    def _drop_silent(self, connection: sqlite3.Connection) -> bool:
        gone = connection.execute(
            "DELETE FROM members WHERE group_name = ? AND seen_ms < ?",
            (self.group, _now_ms() - LEASE_MS),
        )
        return gone.rowcount > 0

    def _share(
        self, connection: sqlite3.Connection, generation: int, renewed: str | None = None
    ) -> None:
        before = _owners(connection, self.group)
        after = share_out(_subscriptions(connection, self.group), before)
        connection.executemany(
            "DELETE FROM claims WHERE group_name = ? AND partition_id = "
            "(SELECT id FROM partitions WHERE topic = ? AND partition = ?)",
            [(self.group, *part) for part in before if part not in after],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO claims SELECT ?, id, ?, ? FROM partitions "
            "WHERE topic = ? AND partition = ?",
            [
                (self.group, name, generation, *part)
                for part, name in after.items()
                if name in (renewed, None) or before.get(part) != name
            ],
        )


def generation(connection: sqlite3.Connection, group: str) -> int:
    """Return how often the members of `group` have changed."""
    row = connection.execute("SELECT generation FROM groups WHERE name = ?", (group,)).fetchone()
    return 0 if row is None else int(row[0])


def _next_generation(connection: sqlite3.Connection, group: str) -> int:
    row = connection.execute(
        "INSERT INTO groups VALUES (?, 1) "
        "ON CONFLICT DO UPDATE SET generation = generation + 1 RETURNING generation",
        (group,),
    ).fetchone()
    return int(row[0])


def _subscriptions(connection: sqlite3.Connection, group: str) -> dict[str, list[TopicPartition]]:
    rows = connection.execute(
        "SELECT member, topics FROM members WHERE group_name = ?", (group,)
    ).fetchall()
    return {
        member: [part for topic in json.loads(topics) for part in _parts(connection, topic)]
        for member, topics in rows
    }


def _owners(connection: sqlite3.Connection, group: str) -> dict[TopicPartition, str]:
    rows = connection.execute(
        "SELECT topic, partition, member FROM claims JOIN partitions ON id = partition_id "
        "WHERE group_name = ?",
        (group,),
    )
    return {TopicPartition(topic, number): member for topic, number, member in rows}


def _parts(connection: sqlite3.Connection, topic: str) -> list[TopicPartition]:
    rows = connection.execute(
        "SELECT topic, partition FROM partitions WHERE topic = ? ORDER BY partition", (topic,)
    ).fetchall()
    if not rows:
        raise unknown_topic(topic)
    return [TopicPartition(*row) for row in rows]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
