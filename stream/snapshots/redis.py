"""The serving copy of the model in Redis: for readers, never for recovery.

The bytes lie in chunks under ``ts:{<prefix>}:v:<version>:<i>``; ``ts:{<prefix>}:cur`` is a hash
that points to them, and a script turns it over to a new version in one step, unless a later writer
has been there. The channel ``ts:{<prefix>}:new`` hints at it. All keys share one hash slot.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import msgspec

from topicstream.stream import failpoints
from topicstream.stream.errors import SnapshotError, UnavailableError
from topicstream.stream.snapshots.store import Snapshot, SnapshotId

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

CHUNK_BYTES = 8_000_000
"""Largest value of one key: big ones stall the only thread of Redis."""

UPLOAD_TTL_S = 600
"""What an upload that never ended leaves behind is gone after this time."""

GRACE_TTL_S = 60
"""How long the previous version can still be read."""

# A new term may go back in sequence: an operator has reset the state.
_FLIP = """
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local term = tonumber(redis.call('HGET', KEYS[1], 'term') or '-1') or -1
local sequence = tonumber(redis.call('HGET', KEYS[1], 'sequence') or '-1') or -1
if tonumber(ARGV[1]) < term then return 'fenced' end
if tonumber(ARGV[1]) == term and tonumber(ARGV[2]) < sequence then return 'older' end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then return 'missing' end
end
local version = redis.call('HGET', KEYS[1], 'version')
local n_chunks = tonumber(redis.call('HGET', KEYS[1], 'n_chunks') or '0') or 0
redis.call('HSET', KEYS[1], 'term', ARGV[1], 'sequence', ARGV[2], 'state_hash', ARGV[3],
  'version', ARGV[4], 'sha256', ARGV[5], 'size', ARGV[6], 'n_chunks', #KEYS - 1)
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
if version and version ~= ARGV[4] then
  for i = 0, n_chunks - 1 do
    redis.call('EXPIRE', ARGV[7] .. version .. ':' .. i, ARGV[8])
  end
end
return 'ok'
"""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What Redis serves now.

    Parameters
    ----------
    id
        Which state it is.
    version
        Part of the keys of its chunks.
    sha256
        SHA-256 of all chunks together, 64 hex digits.
    size
        Bytes of all chunks together.
    n_chunks
        Number of chunks.

    """

    id: SnapshotId
    version: str
    sha256: str
    size: int
    n_chunks: int


class _Payload(msgspec.Struct, frozen=True):
    sequence: int
    term: int
    state_hash: str
    files: dict[str, bytes]


class RedisStore:
    """Publishes snapshots to Redis and reads them there.

    Parameters
    ----------
    server
        URL (``redis://``, ``rediss://`` for TLS, ``unix://``), or a client of redis-py that does
        not decode responses.
    prefix
        Name of the application and shard, part of every key.
    chunk_bytes
        Largest value of one key, in bytes.
    options
        Passed to redis-py with a URL: ``ssl_ca_certs``, ``password`` and so on. Connecting and
        answers may take 5 seconds unless said otherwise.

    Raises
    ------
    UnavailableError
        The URL cannot be read. Every method raises it when Redis does not do as told; nothing
        of that need stop the caller.

    """

    def __init__(
        self,
        server: str | redis.Redis,
        prefix: str = "topicstream",
        *,
        chunk_bytes: int = CHUNK_BYTES,
        **options: object,
    ) -> None:
        if "{" in prefix or "}" in prefix:
            raise ValueError(f"prefix={prefix!r}: braces mark the hash slot; leave them out")
        self._redis = _connect(server, options) if isinstance(server, str) else server
        self._where = _where(self._redis)
        self._chunk_bytes = chunk_bytes
        self._base = f"ts:{{{prefix}}}:"
        self._is_policy_checked = False

    def publish(self, snapshot: Snapshot) -> bool:
        """Serve `snapshot` from now on.

        Returns
        -------
        bool
            False when a later writer, or a later state of the same one, is served already.

        Raises
        ------
        UnavailableError
            Redis cannot be reached, is full, or lost what was just written.

        """
        content = _pack(snapshot)
        with self._explained():
            self._check_policy()
            if self._is_served(snapshot.id, content):
                return True
            answer = self._upload(snapshot.id, content)
            failpoints.hit("redis_after_flip", snapshot.id.sequence)
            if answer == "ok":
                self._redis.publish(self._base + "new", str(snapshot.id.sequence))
        if answer == "missing":
            raise UnavailableError(
                f"Redis at {self._where} lost part of a snapshot while it was written; give it "
                "more memory and maxmemory-policy noeviction"
            )
        return answer == "ok"

    def current(self) -> Pointer | None:
        """Return what is served now, or None when nothing is."""
        with self._explained():
            fields = cast("Mapping[bytes, bytes]", self._redis.hgetall(self._base + "cur"))
        if not fields:
            return None
        return self._pointer({name.decode(): value.decode() for name, value in fields.items()})

    def read(self) -> Snapshot | None:
        """Return the snapshot served now, or None when there is none.

        Raises
        ------
        SnapshotError
            It is damaged, and was still after looking again.
        UnavailableError
            Redis cannot be reached.

        """
        pointer = self.current()
        for _ in range(3):
            if pointer is None:
                return None
            content = self._download(pointer)
            if content is not None and hashlib.sha256(content).hexdigest() == pointer.sha256:
                return _unpack(content)
            # A version may have taken the place of the one that was being read.
            pointer = self.current()
        raise SnapshotError(
            f"the snapshot that Redis at {self._where} serves is incomplete or damaged "
            f"({pointer}); it heals when the model worker publishes again"
        )

    def close(self) -> None:
        """Let go of the connections; closing twice is harmless."""
        self._redis.close()

    def _upload(self, which: SnapshotId, content: bytes) -> str:
        import redis

        # A version is never written twice: an upload that dies must not hurt what is served.
        version = f"{which.term}-{which.sequence}-{secrets.token_hex(8)}"
        keys = self._chunk_keys(version, -(-len(content) // self._chunk_bytes))
        try:
            for i, key in enumerate(keys):
                start = i * self._chunk_bytes
                chunk = content[start : start + self._chunk_bytes]
                self._redis.set(key, chunk, ex=UPLOAD_TTL_S)
                if i == (len(keys) - 1) // 2:
                    failpoints.hit("redis_mid_upload", which.sequence)
            failpoints.hit("redis_before_flip", which.sequence)
            answer = self._flip(which, version, keys, content)
        except redis.ResponseError:
            _drop(self._redis, keys)
            raise
        if answer != "ok":
            _drop(self._redis, keys)
        return answer

    def _flip(self, which: SnapshotId, version: str, keys: list[str], content: bytes) -> str:
        arguments = [which.term, which.sequence, which.state_hash, version]
        arguments += [hashlib.sha256(content).hexdigest(), len(content)]
        arguments += [self._base + "v:", GRACE_TTL_S]
        answer = self._redis.eval(
            _FLIP, 1 + len(keys), self._base + "cur", *keys, *map(str, arguments)
        )
        return cast("bytes", answer).decode()

    def _is_served(self, which: SnapshotId, content: bytes) -> bool:
        import redis

        try:
            pointer = self.current()
            if pointer is None or pointer.id != which or self._download(pointer) != content:
                return False
            keys = self._chunk_keys(pointer.version, pointer.n_chunks)
            return all(self._redis.ttl(key) == -1 for key in keys)
        except SnapshotError:
            return False
        except UnavailableError as error:
            # A wrong type at a key is to be written over, not to be reported.
            if not isinstance(error.__cause__, redis.ResponseError):
                raise
            return False

    def _download(self, pointer: Pointer) -> bytes | None:
        with self._explained():
            keys = self._chunk_keys(pointer.version, pointer.n_chunks)
            chunks = [cast("bytes | None", self._redis.get(key)) for key in keys]
        return None if None in chunks else b"".join(chunk for chunk in chunks if chunk is not None)

    def _chunk_keys(self, version: str, n_chunks: int) -> list[str]:
        return [f"{self._base}v:{version}:{i}" for i in range(n_chunks)]

    def _pointer(self, fields: Mapping[str, str]) -> Pointer:
        try:
            which = SnapshotId(int(fields["sequence"]), int(fields["term"]), fields["state_hash"])
            size, n_chunks = int(fields["size"]), int(fields["n_chunks"])
            return Pointer(which, fields["version"], fields["sha256"], size, n_chunks)
        except (KeyError, ValueError) as error:
            raise SnapshotError(
                f"key {self._base}cur in Redis at {self._where} is damaged ({error!r}); it heals "
                "when the model worker publishes again"
            ) from error

    def _check_policy(self) -> None:
        import redis

        if self._is_policy_checked:
            return
        try:
            policy = cast("dict[str, str]", self._redis.config_get("maxmemory-policy"))
        except redis.ResponseError:
            policy = {}
            logger.info("Redis at %s does not tell its maxmemory-policy", self._where)
        self._is_policy_checked = True
        if policy.get("maxmemory-policy", "noeviction") != "noeviction":
            logger.warning(
                "Redis at %s may evict the model: set maxmemory-policy to noeviction, not %s",
                self._where,
                policy["maxmemory-policy"],
            )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        import redis

        try:
            yield
        except (redis.RedisError, OSError) as error:
            raise UnavailableError(
                f"Redis at {self._where}: {type(error).__name__}: {error}; check that it runs, "
                "its address, password and memory"
            ) from error


def _connect(url: str, options: Mapping[str, object]) -> redis.Redis:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    settings: dict[str, object] = {
        "socket_timeout": 5.0,
        "socket_connect_timeout": 5.0,
        "retry": Retry(NoBackoff(), 1),
        **options,
    }
    try:
        _check_url(url)
        return redis.Redis.from_url(url, **settings)
    except ValueError:
        # Neither the URL nor redis-py's message about it: both may hold the password.
        raise UnavailableError(
            "the URL of Redis cannot be read (not shown, it may hold a password); write it like "
            "rediss://user:password@host:6379/0, with / ? # @ in a password as %2F %3F %23 %40"
        ) from None


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    # A password with a bare / or # would end up as a host or port, and so in messages.
    if "@" in parts.path + parts.query + parts.fragment or not isinstance(parts.port, int | None):
        raise ValueError("not a URL of Redis")


def _where(client: redis.Redis) -> str:
    settings = client.connection_pool.connection_kwargs
    if settings.get("decode_responses"):
        raise ValueError("the Redis client decodes responses; make it with decode_responses=False")
    if "path" in settings:
        return str(settings["path"])
    return f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}"


def _drop(client: redis.Redis, keys: list[str]) -> None:
    import redis

    with contextlib.suppress(redis.RedisError):
        client.unlink(*keys)


def _pack(snapshot: Snapshot) -> bytes:
    which = snapshot.id
    files = dict(sorted(snapshot.files.items()))
    return msgspec.msgpack.encode(_Payload(which.sequence, which.term, which.state_hash, files))


def _unpack(content: bytes) -> Snapshot:
    try:
        payload = msgspec.msgpack.decode(content, type=_Payload)
    except msgspec.MsgspecError as error:
        raise SnapshotError(
            f"the snapshot in Redis was written by another version of topicstream ({error}); run "
            "the same version on both sides"
        ) from error
    which = SnapshotId(payload.sequence, payload.term, payload.state_hash)
    return Snapshot(which, payload.files)
