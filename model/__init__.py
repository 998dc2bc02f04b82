"""Topic models over streams of documents, free of any broker, clock or environment."""
