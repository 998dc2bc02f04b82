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
