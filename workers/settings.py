"""Settings: flags first, then ``TOPICSTREAM_*`` variables, then a TOML file, then defaults.

Tables of the file are nested with two underscores in a variable: ``size`` in ``[batch]`` is
``TOPICSTREAM_BATCH__SIZE``. A secret may stand in a file of its own, named by the setting that ends
in ``_file``. A wrong setting is told by name, value, what is allowed and where to set it.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from topicstream.workers.errors import SettingsError

__all__ = ["FLAGS", "PREFIX", "Settings", "SettingsError", "load", "secret"]

PREFIX = "TOPICSTREAM_"
FLAGS = {
    "input": "--input",
    "output": "--output",
    "state": "--state",
    "embedder": "--embedder",
    "follow": "--follow",
    "start_from": "--start-from",
    "model.n_topics": "--topics",
    "batch.size": "--batch-size",
    "refit.window": "--window",
    "refit.half_life": "--half-life",
    "refit.min_topic_size": "--min-topic-size",
    "refit.seed": "--seed",
    "kafka.bootstrap_servers": "--kafka",
    "redis.url": "--redis",
}
"""Settings that have a flag."""

_NOT_SHOWN = "(not shown)"

# Variables that are no settings: of failpoints, tests and benchmarks, and those that Kubernetes
# sets in every container for a service whose name begins with "topicstream".
_OTHERS = re.compile(
    rf"{PREFIX}(FAILPOINT|FEEDS|REQUIRE_SERVICES|TEST_\w+"
    r"|(\w+_)?SERVICE_(HOST|PORT(_\w+)?)|(\w+_)?PORT(_\d+_[A-Z]+(_[A-Z]+)?)?)"
)


def _check_secrets(table: BaseModel) -> None:
    for name in type(table).model_fields:
        file = f"{name}_file"
        if getattr(table, file, None) is not None and getattr(table, name) is not None:
            raise ValueError(f"{name} and {file} are both given; give one of them")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Milliseconds = Annotated[int, Field(ge=1)]


class KafkaSettings(_Table):
    """Where Kafka is and how to get in; without `bootstrap_servers` the embedded log is used."""

    bootstrap_servers: str | None = None
    client_id: str = "topicstream"
    n_partitions: int = Field(1, ge=1, le=1_000)
    replication_factor: int = Field(-1, ge=-1)
    compression: Literal["gzip", "snappy", "lz4", "zstd"] | None = None
    max_record_bytes: int = Field(1_000_000, ge=10_000)
    transaction_timeout_ms: Milliseconds = 15_000
    delivery_timeout_ms: Milliseconds = 10_000
    request_timeout_ms: Milliseconds = 5_000
    connect_timeout_ms: Milliseconds = 8_000
    session_timeout_ms: Milliseconds = 30_000
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_plain_username: str | None = None
    sasl_plain_password: SecretStr | None = None
    sasl_plain_password_file: Path | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_password: SecretStr | None = None
    ssl_password_file: Path | None = None
    ssl_check_hostname: bool = True

    @model_validator(mode="after")
    def _times(self) -> Self:
        if self.delivery_timeout_ms >= self.transaction_timeout_ms:
            raise ValueError("delivery_timeout_ms must be less than transaction_timeout_ms")
        if self.request_timeout_ms + 5 >= self.delivery_timeout_ms:
            raise ValueError("request_timeout_ms must be less than delivery_timeout_ms")
        return self

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        _check_secrets(self)
        return self


class RedisSettings(_Table):
    """Where Redis is; without `url` nothing is published there."""

    url: SecretStr | None = None
    url_file: Path | None = None
    prefix: str = Field("topicstream", pattern=r"^[^{}]+$")
    password: SecretStr | None = None
    password_file: Path | None = None
    ssl_ca_certs: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        _check_secrets(self)
        return self


class DriftTable(_Table):
    """When a change is an event."""

    false_alarms: float = Field(2.0, ge=1e-9, le=1e6)
    window_size: int = Field(200, ge=1, le=1_000_000)


class LifecycleTable(_Table):
    """How topics come and go."""

    check_every: int = Field(500, ge=0, le=1_000_000)
    min_topics: int = Field(2, ge=1, le=10_000)
    max_topics: int = Field(0, ge=0, le=10_000)
    false_births: float = Field(3e-3, gt=0.0, le=0.5)
    retire_after: float = Field(50_000.0, ge=1.0)


class TimelineTable(_Table):
    """How finely the topics' past is remembered."""

    n_bins: int = Field(256, ge=8, le=100_000)
    n_words: int = Field(20, ge=1, le=1_000)
    bin_width: int = Field(60, ge=1, le=86_400)
    lateness: float | None = Field(None, gt=0.0)


class ModelTable(_Table):
    """What the model is made with; fixed once a state exists."""

    n_topics: int = Field(50, ge=2, le=10_000)
    n_components: int = Field(100, ge=2, le=4_096)
    warm_up: int = Field(2_000, ge=1)
    half_life: float = Field(50_000.0, gt=0.0)
    n_terms: int = Field(50_000, ge=100)
    top_n_words: int = Field(10, ge=1, le=100)
    seed: int = Field(42, ge=0, lt=2**32)
    outlier_share: float = Field(0.003, ge=0.0, lt=0.5)
    drift: DriftTable = DriftTable()
    lifecycle: LifecycleTable = LifecycleTable()
    timeline: TimelineTable = TimelineTable()


class RefitTable(_Table):
    """How and when topics are found anew."""

    window: int = Field(10_000, ge=100, le=1_000_000)
    half_life: float = Field(50_000.0, ge=1.0)
    min_topic_size: int = Field(30, ge=2, le=100_000)
    anchoring: float = Field(0.5, ge=0.0, le=1.0)
    seed: int = Field(42, ge=0, lt=2**32)
    every_documents: int = Field(0, ge=0)
    on_drift: bool = False


class BatchSettings(_Table):
    """How documents are put together."""

    size: int = Field(1_000, ge=1, le=100_000)
    embed_size: int = Field(1_000, ge=1, le=100_000)
    max_age_s: float = Field(0.05, gt=0.0, le=3_600.0)
    snapshot_every: int = Field(20, ge=1)
    snapshots_kept: int = Field(3, ge=1, le=1_000)


class Settings(BaseSettings):
    """All settings of all roles.

    Examples
    --------
    >>> load({"batch": {"size": 500}}, environment=False).batch.size
    500

    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    input: str | None = None
    output: Path = Path("topicstream-out")
    state: Path = Path("topicstream-state")
    embedder: str = Field("static", min_length=1)
    device: str | None = None
    follow: bool = False
    start_from: str | None = Field(None, min_length=1)
    prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    member: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,100}$")
    max_document_bytes: int = Field(1_000_000, ge=100)
    kafka: KafkaSettings = KafkaSettings()
    redis: RedisSettings = RedisSettings()
    model: ModelTable = ModelTable()
    batch: BatchSettings = BatchSettings()
    refit: RefitTable = RefitTable()


def load(
    flags: Mapping[str, Any] | None = None, config: Path | None = None, *, environment: bool = True
) -> Settings:
    """Return the settings of this run.

    Parameters
    ----------
    flags
        What the command line gave, nested like the file; leave out what was not given.
    config
        A TOML file.
    environment
        Whether ``TOPICSTREAM_*`` variables count, True by default.

    Raises
    ------
    SettingsError
        A setting is wrong or unknown, or the file or a secret's file cannot be read.

    """
    table = {} if config is None else _read_toml(config)
    if environment:
        _check_variables(os.environ)

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            file = InitSettingsSource(settings_cls, init_kwargs=table)
            return (init_settings, env_settings, file) if environment else (init_settings, file)

    try:
        return Sourced(**dict(flags or {}))
    except ValidationError as error:
        raise SettingsError(_explained(error)) from None
    except SourceError as error:
        raise SettingsError(
            f"a {PREFIX}* variable cannot be read: {error}; a table is set one by one, such as "
            f"{PREFIX}BATCH__SIZE=500"
        ) from None


def secret(table: BaseModel, name: str) -> str | None:
    """Return a secret: the value of setting `name`, or what the file of ``<name>_file`` holds.

    Raises
    ------
    SettingsError
        The file cannot be read.

    """
    value = getattr(table, name)
    path = getattr(table, f"{name}_file")
    if value is not None:
        return str(value.get_secret_value())
    if path is None:
        return None
    try:
        return str(path.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{name}_file is {str(path)!r}, which cannot be read "
            f"({getattr(error, 'strerror', None) or 'not UTF-8'}); name a readable text file"
        ) from None


def _check_variables(environment: Mapping[str, str]) -> None:
    """Raise SettingsError for a variable that looks like a setting and is none."""
    fields = [name for name in _names(Settings.model_fields) if name not in Settings.model_fields]
    known = [_variable(name) for name in [*Settings.model_fields, *fields]]
    for name in sorted(environment):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known or _OTHERS.fullmatch(upper):
            continue
        near = _nearest(upper, known)
        hint = f"did you mean {near}? " if near else ""
        raise SettingsError(
            f"the variable {name} is no setting; {hint}Unset it, or name a setting, such as "
            f"{_variable('batch.size')} for size in [batch]"
        )


def _nearest(name: str, known: list[str]) -> str | None:
    """Return the variable most like `name`; one underscore for two is the usual mistake."""
    plain = {_plain(variable): variable for variable in known}
    near = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.7)
    return plain[near[0]] if near else None


def _plain(variable: str) -> str:
    return variable.removeprefix(PREFIX).replace("_", "")


def _variable(name: str) -> str:
    return PREFIX + name.replace(".", "__").upper()


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"--config is {str(path)!r}, which cannot be read ({error.strerror}); name a TOML file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"--config {str(path)!r} is not TOML: {error}") from None


def _explained(error: ValidationError) -> str:
    return "\n".join(
        _problem(".".join(map(str, found["loc"])), found)
        for found in error.errors(include_url=False, include_context=True)
    )


def _problem(name: str, found: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    if found["type"] == "extra_forbidden":
        return _unknown(name)
    if found["type"] == "value_error":
        return f"{name or 'settings'}: {found['ctx']['error']}"
    value = _NOT_SHOWN if _is_secret(name) else repr(found["input"])[:80]
    message = found["msg"][:1].lower() + found["msg"][1:]
    return f"{name} is {value}, and {message.removeprefix('input ')}; {_where(name)}".replace(
        ", and should", ", but should"
    )


def _where(name: str) -> str:
    *table, field = name.split(".")
    ways = [FLAGS[name]] if name in FLAGS else []
    ways.append(_variable(name))
    ways.append(f"{field} in table [{table[0]}] of the file" if table else f"{field} in the file")
    return f"set it by {' or '.join(ways)}"


def _unknown(name: str) -> str:
    known = _names(Settings.model_fields)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    table = name.rpartition(".")[0]
    siblings = [other for other in known if other.rpartition(".")[0] == table] or known
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{name} is no setting; {hint}Allowed are {', '.join(siblings)}"


def _names(fields: Mapping[str, FieldInfo], prefix: str = "") -> list[str]:
    names = []
    for name, field in fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _names(kind.model_fields, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def _is_secret(name: str) -> bool:
    fields: Mapping[str, FieldInfo] = Settings.model_fields
    for part in name.split("."):
        if part not in fields:
            return True
        kind = fields[part].annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields
        else:
            return SecretStr in get_args(kind)
    return False
