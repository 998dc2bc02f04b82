"""``topicstream refit``, from a state folder to the topics of the next run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans

from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.refit.settings import RefitSettings
from topicstream.stream.errors import StreamError
from topicstream.workers import service, wiring
from topicstream.workers.commands.refit import refit
from topicstream.workers.settings import Settings, load

SUBJECTS = {
    "hockey": "goal puck ice goalie season team",
    "space": "orbit rocket nasa moon launch shuttle",
    "guns": "firearm rifle weapon permit holster ammunition",
    "bread": "oven flour yeast dough bakery crust",
}


def feed(path: Path, n: int, *names: str) -> None:
    """Append documents of the subjects named, in turn."""
    rng = np.random.default_rng(n)
    with path.open("a") as file:
        for number in range(n):
            words = SUBJECTS[names[number % len(names)]].split()
            text = " ".join(rng.choice(words, 5).tolist())
            file.write(json.dumps({"text": text, "timestamp": 1_700_000_000 + number}) + "\n")


def settings(folder: Path) -> Settings:
    return load(
        {
            "input": str(folder / "feed.jsonl"),
            "state": folder / "state",
            "output": folder / "out",
            "model": {"n_topics": 3, "warm_up": 200, "lifecycle": {"check_every": 0}},
            "batch": {"size": 100},
            "refit": {"window": 1_000, "min_topic_size": 20},
        },
        environment=False,
    )


def by_k_means(embeddings: Embeddings, anchors: Labels, rules: RefitSettings) -> Labels:
    """Four clusters: quick, and the right number here."""
    del anchors
    found = KMeans(4, n_init=4, random_state=rules.seed).fit(embeddings)
    return np.asarray(found.labels_, dtype=np.int64)


def one_cluster(embeddings: Embeddings, anchors: Labels, rules: RefitSettings) -> Labels:
    del embeddings, rules
    return np.zeros_like(anchors)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service that has found three topics, among which a fourth subject is spread."""
    feed(tmp_path / "feed.jsonl", 300, "hockey", "space", "guns")
    feed(tmp_path / "feed.jsonl", 300, "hockey", "space", "guns", "bread")
    service.run(settings(tmp_path))
    return tmp_path


def kinds(folder: Path) -> list[str]:
    lines = (folder / "out" / "drift.jsonl").read_text().splitlines()
    return [json.loads(line)["kind"] for line in lines]


def test_the_next_run_has_the_subject_that_was_overlooked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refit(settings(folder), fit=by_k_means)

    said = capsys.readouterr().err
    assert "3 topics lived after batch 6" in said
    assert "1 are new" in said
    assert "posted as" in said
    before = {json.loads(t)["id"] for t in topics(folder)}
    feed(folder / "feed.jsonl", 100, "bread")
    service.run(settings(folder))
    assert "model_refitted" in kinds(folder)
    assert {"topic_split", "topic_born"} & {*kinds(folder)}
    labels = {json.loads(t)["id"]: json.loads(t)["label"] for t in topics(folder)}
    (new,) = {*labels} - before
    assert {*labels[new].split("_")[1:]} <= {*SUBJECTS["bread"].split()}
    answers = (folder / "out" / "assignments.jsonl").read_text().splitlines()
    assert len(answers) == 700
    assert np.mean([json.loads(answer)["topic"] == new for answer in answers[-100:]]) > 0.9


def topics(folder: Path) -> list[str]:
    found = json.loads((folder / "out" / "topics.json").read_text())
    return [json.dumps(topic) for topic in found]


def test_a_dry_run_posts_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refit(settings(folder), dry_run=True, fit=by_k_means)

    assert "nothing was posted: this was a dry run" in capsys.readouterr().err
    assert wiring.refits(settings(folder)).waiting() is None


def test_too_few_clusters_are_told(folder: Path) -> None:
    with pytest.raises(Exception, match="fall into 1 topics; take a larger window"):
        refit(settings(folder), fit=one_cluster)


def test_without_a_service_it_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="there is no state"):
        refit(settings(tmp_path))
