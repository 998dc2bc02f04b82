from __future__ import annotations

from pathlib import Path

import pytest

from topicstream.workers.settings import SettingsError, load


def test_flags_win_over_variables_and_variables_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[batch]\nsize = 5\nembed_size = 6\nsnapshot_every = 7\n")
    monkeypatch.setenv("TOPICSTREAM_BATCH__SIZE", "8")
    monkeypatch.setenv("TOPICSTREAM_BATCH__EMBED_SIZE", "9")
    batch = load({"batch": {"size": 10}}, file).batch
    assert (batch.size, batch.embed_size, batch.snapshot_every) == (10, 9, 7)


def test_a_wrong_setting_names_itself_its_value_and_its_flag() -> None:
    with pytest.raises(SettingsError, match=r"batch\.size is 0, .*greater than.*--batch-size"):
        load({"batch": {"size": 0}}, environment=False)


def test_a_secret_is_never_in_a_message() -> None:
    with pytest.raises(SettingsError) as error:
        load({"redis": {"password": ["hunter2"]}}, environment=False)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("TOPICSTREAM_BATCHSIZE", "TOPICSTREAM_BATCH__SIZE"),
        ("TOPICSTREAM_BATCH_SIZE", "TOPICSTREAM_BATCH__SIZE"),
        ("TOPICSTREAM_KAFKA_BOOTSTRAP", "TOPICSTREAM_KAFKA__BOOTSTRAP_SERVERS"),
        ("TOPICSTREAM_KAFKA__BOOTSTRAP", "TOPICSTREAM_KAFKA__BOOTSTRAP_SERVERS"),
        ("TOPICSTREAM_EMBEDER", "TOPICSTREAM_EMBEDDER"),
        ("topicstream_redis_url", "TOPICSTREAM_REDIS__URL"),
    ],
)
def test_a_variable_that_is_misspelt_is_an_error_and_never_shows_its_value(
    name: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "hunter2")
    with pytest.raises(SettingsError, match=f"{name} is no setting; did you mean {near}") as error:
        load()
    assert "hunter2" not in str(error.value)


def test_a_variable_unlike_any_setting_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPICSTREAM_XYZZY", "1")
    with pytest.raises(SettingsError, match="TOPICSTREAM_XYZZY is no setting; Unset it"):
        load()


@pytest.mark.parametrize(
    "name",
    [
        "TOPICSTREAM_FAILPOINT",
        "TOPICSTREAM_REQUIRE_SERVICES",
        "TOPICSTREAM_TEST_KAFKA",
        "TOPICSTREAM_TEST_REDIS",
        # What Kubernetes sets for services called topicstream and topicstream-model.
        "TOPICSTREAM_SERVICE_HOST",
        "TOPICSTREAM_SERVICE_PORT_HTTP",
        "TOPICSTREAM_PORT",
        "TOPICSTREAM_MODEL_PORT_8080_TCP_ADDR",
    ],
)
def test_variables_of_failpoints_tests_and_kubernetes_are_let_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    assert load().batch.size == 1_000


def test_variables_in_small_letters_and_whole_tables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("topicstream_batch__size", "7")
    monkeypatch.setenv("TOPICSTREAM_MODEL", '{"n_topics": 9}')
    settings = load()
    assert (settings.batch.size, settings.model.n_topics) == (7, 9)
