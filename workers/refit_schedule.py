"""Refits that a service starts itself: every so many documents, or when drift asks for one."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any

from topicstream.workers.settings import Settings

if TYPE_CHECKING:
    from topicstream.model.online import Step
    from topicstream.workers.model_worker import ModelWorker

logger = logging.getLogger(__name__)

ASKING = ("outlier_shift", "distance_shift", "word_shift")
"""Events that speak of topics which no longer fit; a topic's share may change and it still does."""


class RefitSchedule:
    """Starts refits in a process of their own, one at a time.

    Parameters
    ----------
    settings
        Those of the service; `refit.every_documents` and `refit.on_drift` say when.

    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._rules = settings, settings.refit
        self._process: SpawnProcess | None = None
        self._begun_at: int | None = None

    def look(self, worker: ModelWorker, step: Step | None) -> None:
        """Start a refit if one is due after this step.

        Parameters
        ----------
        worker
            The model worker; its newest state is saved, because the refit starts from it.
        step
            What the last batch gave, None for no batch.

        """
        n_documents = worker.model.n_documents
        if self._begun_at is None:
            self._begun_at = n_documents
        if step is None or not self._is_due(n_documents - self._begun_at, step):
            return
        if self._process is not None and self._process.is_alive():
            return
        self._begun_at = n_documents
        self._start(worker)

    def close(self) -> None:
        """Stop a refit that is under way; closing twice is harmless."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.join()
            process.close()

    def _start(self, worker: ModelWorker) -> None:
        worker.snapshot()
        logger.info("a refit starts after %s documents", worker.model.n_documents)
        # Spawned: a fork would take the threads' locks with it.
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(
            target=_refit, args=(self._settings.model_dump(),), name="refit", daemon=True
        )
        self._process.start()

    def _is_due(self, n_since: int, step: Step) -> bool:
        every = self._rules.every_documents
        if every and n_since >= every:
            return True
        # Not before the window has new documents: what asks may go on asking for a while.
        asked = any(event.kind in ASKING for event in step.events)
        return self._rules.on_drift and asked and n_since >= self._rules.window // 2


def _refit(values: dict[str, Any]) -> None:
    """Make a refit and post it; runs in the other process."""
    from topicstream.model.errors import ModelError
    from topicstream.model.refit.fit import fit
    from topicstream.stream.errors import StreamError
    from topicstream.workers import refit, wiring
    from topicstream.workers.refit_fit import NICENESS
    from topicstream.workers.settings import load
    from topicstream.workers.sources import newest_model, opened

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this
    os.nice(NICENESS)
    settings = load(values, environment=False)
    try:
        with opened(settings, None) as log:
            source = refit.Source(log, wiring.names(settings))
            rules = wiring.refit_settings(settings)
            made = refit.make(source, newest_model(settings, None), rules, fit)
        if made.candidate.is_empty:
            logger.info("the refit confirms every topic as it is")
        else:
            refit.post(made, wiring.refits(settings))
    except (StreamError, ModelError) as error:
        logger.warning("no refit: %s", error)
