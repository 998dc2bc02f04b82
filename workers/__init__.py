"""Processes that join model and stream; settings, signals and logs live here only."""
