"""What the user sees of an error: one message, never a traceback, and an exit code."""

from __future__ import annotations

import logging
import sys

from topicstream.model.errors import (
    EmbedderError,
    EmbeddingError,
    MissingExtraError,
    ModelError,
)
from topicstream.stream.errors import FencedError, StreamError
from topicstream.workers.errors import WorkerError

logger = logging.getLogger(__name__)

FAILED, STREAM, FENCED, SETTINGS = 1, 70, 75, 78
"""Exit codes, after sysexits.h; those of `WorkerError` stand with its classes."""


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error that ends the process.

    Parameters
    ----------
    error
        What ended it.

    Examples
    --------
    >>> exit_code(FencedError("another process has taken over")), exit_code(OSError())
    (75, 1)

    """
    if isinstance(error, EmbedderError | MissingExtraError | EmbeddingError):
        return SETTINGS
    if isinstance(error, WorkerError):
        return error.exit_code
    if isinstance(error, FencedError):
        return FENCED
    if isinstance(error, StreamError | ModelError):
        return STREAM
    return FAILED if isinstance(error, OSError | ValueError) else STREAM


def tell(error: BaseException) -> None:
    """Write the message of `error` to standard error, and the traceback to the log."""
    logger.info("ended by", exc_info=error)
    sys.stderr.write(f"topicstream: {message(error)}\n")


def message(error: BaseException) -> str:
    """Return what to tell of an error.

    Examples
    --------
    >>> message(FileNotFoundError(2, "No such file or directory", "feed.jsonl"))
    'feed.jsonl: No such file or directory'
    >>> message(KeyError("x"))
    "unexpected KeyError: 'x'; --verbose shows where. Please report it"

    """
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, WorkerError | StreamError | ModelError | OSError | ValueError) and str(
        error
    ):
        return str(error)
    words = f"{type(error).__name__}: {error}".removesuffix(": ")
    return f"unexpected {words}; --verbose shows where. Please report it"
