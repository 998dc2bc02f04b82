"""Tells whether the stream is still what it was."""
