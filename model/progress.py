"""What a model shows while it works, if it is verbose."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

logger = logging.getLogger(__name__)


def announce(topic_model: BERTopic, step: str, what: str) -> None:
    """Log a step; show it as well when this model, and not another one, is verbose.

    Parameters
    ----------
    topic_model
        The model at work.
    step
        The name of the step, such as ``"Cluster"``.
    what
        What happens in it.

    """
    logger.info("%s - %s", step, what)
    if topic_model.verbose:
        from tqdm.auto import tqdm

        tqdm.write(f"{step} - {what}", file=sys.stderr)
