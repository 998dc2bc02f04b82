"""A model to the Hugging Face hub, with a card that says what is in it."""

from __future__ import annotations

import platform
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicstream.model.alignment import learnt
from topicstream.model.errors import MissingExtraError
from topicstream.model.persistence.save import save
from topicstream.model.topic_info import real_words

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

_PACKAGES = (
    "numpy",
    "hdbscan",
    "umap-learn",
    "pandas",
    "scikit-learn",
    "sentence-transformers",
    "transformers",
    "numba",
    "plotly",
)


def push_to_hf_hub(
    topic_model: BERTopic,
    repo_id: str,
    *,
    commit_message: str = "Add BERTopic model",
    token: str | None = None,
    revision: str | None = None,
    private: bool = False,
    create_pr: bool = False,
    model_card: bool = True,
    serialization: str = "safetensors",
    save_embedding_model: bool | str = True,
    save_ctfidf: bool = False,
) -> Any:  # noqa: ANN401  # whatever huggingface_hub returns
    """Upload the model, and return what the hub answers; the repository is made where it is not.

    Parameters
    ----------
    topic_model
        A fitted model.
    repo_id
        Owner and name, such as ``"me/topics"``.
    commit_message
        What the commit says.
    token
        Password; None takes the one of the login.
    revision
        Branch; None takes the main one.
    private
        Whether a new repository is private.
    create_pr
        Whether a pull request is opened instead of a commit.
    model_card
        Whether a repository without README.md gets one.
    serialization
        ``"safetensors"`` or ``"pytorch"``.
    save_embedding_model
        As in `save`.
    save_ctfidf
        As in `save`.

    Raises
    ------
    MissingExtraError
        huggingface_hub is not installed.
    ValueError
        The serialization is unknown, or the model is not fitted.

    """
    learnt(topic_model.topics_)
    hub = _hub()
    if serialization == "pickle":
        raise ValueError("serialization is 'pickle'; the hub takes 'safetensors' or 'pytorch'")
    repo = hub.create_repo(repo_id, token=token, private=private, exist_ok=True).repo_id
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / "model"
        save(
            topic_model,
            folder,
            serialization,
            save_embedding_model=save_embedding_model,
            save_ctfidf=save_ctfidf,
        )
        if model_card and not hub.file_exists(repo, "README.md", revision=revision, token=token):
            card = model_card_text(topic_model, repo)
            (folder / "README.md").write_text(card, encoding="utf-8")
        return hub.upload_folder(
            repo_id=repo,
            folder_path=str(folder),
            commit_message=commit_message,
            token=token,
            revision=revision,
            create_pr=create_pr,
        )


def _hub() -> Any:  # noqa: ANN401  # a module
    try:
        import huggingface_hub
    except ImportError as error:
        message = "the hub needs a package that is not installed: pip install huggingface_hub"
        raise MissingExtraError(message) from error
    return huggingface_hub


def model_card_text(topic_model: BERTopic, repo_id: str) -> str:
    """Return the README of a model: how to load it, its topics, its parameters, versions.

    Parameters
    ----------
    topic_model
        A fitted model.
    repo_id
        Where it is on the hub.

    """
    visual = "Visual_Aspect" in topic_model.topic_aspects_
    pipeline = "" if visual else "pipeline_tag: text-classification\n"
    params = topic_model.get_params().items()
    shown = "\n".join(f"* {name}: {value}" for name, value in params if "model" not in name)
    return f"""---
tags:
- bertopic
library_name: bertopic
{pipeline}---

# {repo_id.rpartition("/")[2]}

A topic model. It loads in topicstream and in BERTopic:

```python
from topicstream.model import BERTopic  # or: from bertopic import BERTopic

topic_model = BERTopic.load("{repo_id}")
topic_model.get_topic_info()
```

## Topics

* Number of topics: {len(learnt(topic_model.topic_sizes_))}
* Number of training documents: {len(learnt(topic_model.topics_))}

<details>
<summary>All topics</summary>

{_table(topic_model)}

</details>

## Parameters

{shown}

## Versions

{_versions()}
"""


def _table(topic_model: BERTopic) -> str:
    sizes, labels = learnt(topic_model.topic_sizes_), topic_model.topic_labels_
    head = "| Topic ID | Topic Keywords | Topic Frequency | Label |\n|---|---|---|---|\n"
    # D-39: by topic, not by place, which outliers shift.
    words = sorted(learnt(topic_model.topic_representations_).items())
    told = {topic: " - ".join(real_words(pairs)[:5]) for topic, pairs in words}
    rows = [f"| {t} | {text} | {sizes.get(t, 0)} | {labels[t]} |" for t, text in told.items()]
    return head + "\n".join(rows)


def _versions() -> str:
    found = [f"* {name}: {_version(name)}" for name in _PACKAGES if _version(name)]
    return "\n".join([*found, f"* Python: {platform.python_version()}"])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
