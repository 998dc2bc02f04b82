"""Refits: topics found anew from a window of the stream, and matched to those that live."""
