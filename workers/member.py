"""A name for an embed worker: its own while it runs, and the same again after a restart."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN_MEMBER = "run"
"""Name of the embed worker inside ``topicstream run``, of which a service has one."""


@contextmanager
def member_name(service: str) -> Iterator[str]:
    """Hold a name that no other process of this machine holds for the same service.

    It is made of the machine's name and the lowest number that is free, so that the process that
    replaces a dead one gets the name of the dead one, and shuts out what is left of it. The number
    is held by a lock on a file in the temporary folder, which ends with the process.

    Parameters
    ----------
    service
        What tells this service from others, for example broker and prefix.

    Examples
    --------
    >>> with member_name("doctest") as first, member_name("doctest") as second:
    ...     first.rpartition("-")[2], second.rpartition("-")[2]
    ('1', '2')

    """
    digest = hashlib.sha256(service.encode()).hexdigest()[:16]
    # The user's own folder: a file of another user could not be locked.
    folder = Path(tempfile.gettempdir()) / f"topicstream-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:80] or "host"
    number = 0
    while True:
        number += 1
        descriptor = os.open(folder / f"embed-{digest}-{number}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if _is_locked(descriptor):
                yield f"{host}-{number}"
                return
        finally:
            os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
