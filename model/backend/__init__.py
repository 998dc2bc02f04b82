"""Texts to embeddings."""
