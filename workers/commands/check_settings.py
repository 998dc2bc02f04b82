"""Whether the settings can be used: files that they name, packages that they need."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from topicstream.model.backend.sentence_transformers import SentenceTransformersEmbedder
from topicstream.model.backend.static import StaticEmbedder
from topicstream.workers import wiring
from topicstream.workers.commands.finding import Finding
from topicstream.workers.settings import KafkaSettings, RedisSettings, Settings, secret

_CODEC_PACKAGES = {"snappy": "snappy", "lz4": "lz4", "zstd": "zstandard"}


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with the settings beyond their form."""
    problems = [
        *_files(settings.kafka, "kafka"),
        *_files(settings.redis, "redis"),
        *_kafka_problems(settings.kafka),
    ]
    for problem in problems:
        yield Finding("settings", "wrong", problem, is_setting=True)
    if not problems:
        yield Finding("settings", "ok", "they can be read, and so can the files that they name")


def check_embedder(settings: Settings) -> Iterator[Finding]:
    """Yield whether the embedder can be used; a large model is not loaded for that."""
    embedder = wiring.embedder(settings)
    if isinstance(embedder, SentenceTransformersEmbedder):
        yield _sentence_transformers(embedder.name)
    elif isinstance(embedder, StaticEmbedder):
        n_dimensions = embedder.embed(["a first look"]).shape[1]
        yield Finding("embedder", "ok", f"{embedder.name}, {n_dimensions} dimensions")
    else:
        text = f"{embedder.name}: each document has to bring its 'embedding'"
        yield Finding("embedder", "ok", text)


def _files(table: KafkaSettings | RedisSettings, name: str) -> Iterator[str]:
    for field in type(table).model_fields:
        if f"{field}_file" in type(table).model_fields:
            secret(table, field)
        path = getattr(table, field)
        if not isinstance(path, Path) or field.endswith("_file"):
            continue
        try:
            path.open("rb").close()
        except OSError as error:
            yield (
                f"{name}.{field} is {str(path)!r}, which cannot be read ({error.strerror}); name "
                "a readable file in PEM"
            )


def _kafka_problems(table: KafkaSettings) -> Iterator[str]:
    has_sasl = table.security_protocol.startswith("SASL_")
    if has_sasl and table.sasl_mechanism is None:
        yield (
            f"kafka.security_protocol is {table.security_protocol!r} without a mechanism; set "
            "kafka.sasl_mechanism, such as 'SCRAM-SHA-512'"
        )
    if table.sasl_mechanism is not None and not has_sasl:
        yield (
            f"kafka.sasl_mechanism is {table.sasl_mechanism!r}, which has no effect; set "
            "kafka.security_protocol to 'SASL_SSL'"
        )
    package = _CODEC_PACKAGES.get(table.compression or "")
    if package is not None and importlib.util.find_spec(package) is None:
        yield (
            f"kafka.compression is {table.compression!r}, and the package {package} is missing: "
            "pip install 'topicstream[compression]', or choose 'gzip'"
        )


def _sentence_transformers(name: str) -> Finding:
    if importlib.util.find_spec("sentence_transformers") is None:
        text = (
            f"{name!r} needs sentence-transformers, which is not installed: pip install "
            "'topicstream[sentence-transformers]', or choose 'static'"
        )
        return Finding("embedder", "wrong", text, is_setting=True)
    if Path(name).is_dir() and not (Path(name) / "modules.json").is_file():
        text = f"folder {name!r} has no modules.json; name a model of sentence-transformers"
        return Finding("embedder", "wrong", text, is_setting=True)
    where = "from its folder" if Path(name).is_dir() else "by its name, from the cache or the hub"
    return Finding("embedder", "ok", f"{name}: loaded at the start, {where}")
