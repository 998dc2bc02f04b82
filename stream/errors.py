"""
What can go wrong between us and the places where records live.

* StreamError
  x UnavailableError      the broker, file or Redis cannot be reached
  x TopicError            a topic is missing, or has the wrong settings
  x FencedError           another process has taken over as the writer
  x CommitError           a commit did not happen, or its outcome is unknown
  x RetentionError        records that recovery needs are gone
  x JournalError          the journal contradicts itself or the offsets
  x ReplayError           a replayed batch ends in another state than before
  x SnapshotError         a snapshot is damaged, foreign or cannot be written
"""


class StreamError(Exception):
    """Base class of every error that `topicstream.stream` raises on purpose."""


class UnavailableError(StreamError):
    """The broker, the log file or Redis cannot be reached or opened."""


class TopicError(StreamError):
    """A topic is missing and may not be created, or its settings would lose data."""


class FencedError(StreamError):
    """Another process has become the writer; this one must stop and write nothing more."""


class CommitError(StreamError):
    """A commit failed or its outcome is unknown.

    The process must end: what was committed is told by the journal at the next start.
    """


class RetentionError(StreamError):
    """Records that recovery needs have been deleted, expired or compacted."""


class JournalError(StreamError):
    """The journal has a gap, a broken hash chain, or disagrees with the committed offsets."""


class ReplayError(StreamError):
    """A replayed batch ended in another state than the journal says it did."""


class SnapshotError(StreamError):
    """A snapshot is damaged, was made by another version, or could not be written."""
