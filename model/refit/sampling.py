"""Which documents of a stream a refit looks at: a sample in which older ones are rarer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FAINTEST = 20.0  # half-lives after which a document has no chance worth a look


def time_biased(n_documents: int, n: int, half_life: float, seed: int) -> NDArray[np.int64]:
    """Return which of `n_documents`, oldest first, are taken, ascending.

    Parameters
    ----------
    n_documents
        Documents there are.
    n
        Documents wanted; all where there are no more.
    half_life
        Documents after which one is half as likely to be taken.
    seed
        Seed of the choice.

    References
    ----------
    P. Efraimidis, P. Spirakis. Weighted random sampling with a reservoir. Information Processing
    Letters 97 (2006).

    Examples
    --------
    >>> taken = time_biased(1_000, 100, half_life=100.0, seed=1)
    >>> len(taken), bool((taken >= 800).mean() > 0.5)
    (100, True)

    """
    if n_documents <= n:
        return np.arange(n_documents, dtype=np.int64)
    reach = min(n_documents, max(n, int(FAINTEST * half_life)))
    ages = np.arange(reach, dtype=np.float64)
    chances = np.random.default_rng(seed).exponential(size=reach)
    # log of an exponential race: the power of two itself would underflow at great ages
    keys = np.log(np.maximum(chances, 1e-300)) + ages * np.log(2.0) / half_life
    first = np.argpartition(keys, n - 1)[:n]
    return np.sort(n_documents - 1 - first).astype(np.int64)
