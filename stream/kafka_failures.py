"""What a failure of kafka-python means to us, said so that a reader can act on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import errors

from topicstream.stream.errors import (
    CommitError,
    FencedError,
    StreamError,
    TopicError,
    UnavailableError,
)

# kafka-python also raises these, for arguments and states that it does not like.
LIBRARY_ERRORS = (errors.KafkaError, ValueError, TypeError, OSError)

_FENCED = (
    errors.ProducerFencedError,
    errors.InvalidProducerEpochError,
    errors.FencedInstanceIdError,
    errors.CommitFailedError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.RebalanceInProgressError,
)


@contextmanager
def asking(bootstrap: str, what: str) -> Iterator[None]:
    """Turn the failures of kafka-python into ours while it does `what`.

    Parameters
    ----------
    bootstrap
        Address of the cluster, for the message.
    what
        What is being asked, to stand after "cannot".

    Raises
    ------
    TopicError
        The topic does not exist, or we may not use it.
    UnavailableError
        Anything else: the cluster cannot be reached, refuses us, or does not answer.

    """
    try:
        yield
    except errors.AuthorizationError as error:
        raise TopicError(
            f"Kafka at {bootstrap}: not authorized to {what} ({told(error)}); grant it to this "
            "user, or set another user in the security settings"
        ) from error
    except errors.UnknownTopicOrPartitionError as error:
        raise TopicError(
            f"Kafka at {bootstrap}: cannot {what}, the topic or partition does not exist "
            f"({told(error)}); create it, or check its name"
        ) from error
    except LIBRARY_ERRORS as error:
        raise UnavailableError(
            f"Kafka at {bootstrap}: cannot {what} ({told(error)}); check that the broker runs, "
            "that this address and its advertised listeners are reachable from here, and the "
            "security settings"
        ) from error


def told(error: BaseException) -> str:
    """Return the name and the words of an error."""
    words = str(error)
    name = type(error).__name__
    return words if words.startswith(name) else f"{name}: {words}" if words else name


def commit_failure(error: Exception, library_saw: Exception | None, writer_id: str) -> StreamError:
    """Return the error to raise when a commit has failed.

    Parameters
    ----------
    error
        What kafka-python raised.
    library_saw
        The error that its producer stopped for: what it raises later has lost the type.
    writer_id
        Name of the writer, for the message.

    """
    if isinstance(error, _FENCED) or isinstance(library_saw, _FENCED):
        return FencedError(
            f"writer {writer_id!r} was shut out ({told(error)}): another process has taken it or "
            "its partitions, or it was away for longer than the transaction timeout; this process "
            "must end"
        )
    return CommitError(
        f"commit of writer {writer_id!r} failed or its outcome is unknown ({told(error)}); this "
        "process must end, and the next start finds out from the log"
    )
