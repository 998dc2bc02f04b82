"""What the stream was like before the last documents: a sample that fades."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.arrays import Arrays
from topicstream.model.centroids import Embeddings, unit


class Reference:
    """A sample of at most `size` documents of the past, in which older ones become rarer.

    Each document that comes takes the place of a random one, once the sample is full with a
    probability that makes it remember about `memory` documents.

    Parameters
    ----------
    size
        Documents kept.
    memory
        Documents after which one is as likely gone as not, times 1.44.
    n_dimensions
        Width of an embedding.

    References
    ----------
    C. C. Aggarwal. On biased reservoir sampling in the presence of stream evolution. VLDB 2006.

    """

    def __init__(self, size: int, memory: float, n_dimensions: int) -> None:
        self.size, self.memory = size, memory
        self.embeddings: NDArray[np.float16] = np.zeros((0, n_dimensions), dtype=np.float16)

    def __len__(self) -> int:
        return len(self.embeddings)

    def clear(self) -> None:
        """Forget every document."""
        self.embeddings = self.embeddings[:0]

    def add(self, embeddings: NDArray[np.float16], rng: np.random.Generator) -> None:
        """Let documents of the past into the sample, in their order."""
        room = max(0, self.size - len(self))
        self.embeddings = np.concatenate([self.embeddings, embeddings[:room]])
        rest = embeddings[room:]
        taken = rng.random(len(rest)) < min(1.0, self.size / self.memory)
        # Of two documents that get one place, the later one has it, as if they came one by one.
        places = rng.integers(0, self.size, len(rest))[taken]
        self.embeddings[places] = rest[taken]

    def unit_rows(self) -> Embeddings:
        """Return the embeddings in float32 and of unit length."""
        return unit(self.embeddings)

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        return {"embeddings": self.embeddings}

    def restore(self, arrays: Arrays) -> None:
        """Become what `arrays` said when a snapshot was taken."""
        self.embeddings = arrays["embeddings"].copy()
