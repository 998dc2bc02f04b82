"""
What can go wrong at the edges: settings, feeds and the files that results go to.

* WorkerError            `exit_code` is what the command line ends with
  x SettingsError       78  a setting is wrong or unknown
  x FeedError           65  a feed is missing, empty, damaged, or not the one it was
  x ExportError         73  the folder of the results cannot be used
  x OtherSettingsError  78  the state was made with other settings than those of now

Everything else that workers raise belongs to the trees of `topicstream.stream.errors` and
`topicstream.model.errors`.
"""

from __future__ import annotations

from typing import ClassVar

from topicstream.stream.errors import StreamError


class WorkerError(Exception):
    """Base class of the errors that `topicstream.workers` raises on purpose."""

    exit_code: ClassVar[int] = 70


class SettingsError(WorkerError, ValueError):
    """A setting is wrong; the message says which, its value, and what is allowed."""

    exit_code = 78


class FeedError(WorkerError, StreamError):
    """The feed is missing, empty, damaged, or not the one that was read before."""

    exit_code = 65


class ExportError(WorkerError, StreamError):
    """The folder holds files that are not ours, or cannot be written."""

    exit_code = 73


class OtherSettingsError(WorkerError, StreamError):
    """The state was made with other settings of the model than those given now."""

    exit_code = 78
