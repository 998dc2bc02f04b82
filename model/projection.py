"""Embeddings to principal components that follow the stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import IncrementalPCA

Embeddings = NDArray[np.float32]

LEARNT = (
    "components_",
    "mean_",
    "var_",
    "singular_values_",
    "explained_variance_",
    "explained_variance_ratio_",
)
MIN_UPDATE = 100  # an update on a handful of rows costs as much as one on hundreds
MAX_UPDATE = 128  # more rows of one batch do not change the basis enough to pay for their SVD


class Projection:
    """IncrementalPCA that bears batches of any size and forgets by half-life.

    Rows wait until there are enough of them for an update; large batches are thinned evenly.

    Parameters
    ----------
    n_components
        Components wanted; fewer when there are fewer documents or dimensions.
    memory
        Documents that the basis remembers at most.

    References
    ----------
    D. Ross et al. Incremental Learning for Robust Visual Tracking. IJCV 77 (2008), 125-141.

    """

    def __init__(self, n_components: int, memory: float) -> None:
        self.n_components = n_components
        self.memory = memory
        self._pca: IncrementalPCA | None = None
        self._waiting: list[Embeddings] = []

    def fit(self, embeddings: Embeddings) -> None:
        """Learn the basis anew from all of `embeddings`, (n_documents, n_dimensions)."""
        n_components = min(self.n_components, *embeddings.shape)
        self._pca = IncrementalPCA(n_components)
        self._waiting = []
        # Two calls learn the same basis as one; sklearn divides by n - 1, hence at least two rows.
        if len(embeddings) > 1:
            self._partial_fit(embeddings)
        else:
            self._pca = None

    def update(self, embeddings: Embeddings) -> None:
        """Let the basis follow one more batch."""
        if self._pca is None:
            return
        self._waiting.append(embeddings[:: max(1, -(-len(embeddings) // MAX_UPDATE))])
        if sum(map(len, self._waiting)) >= max(MIN_UPDATE, self._pca.n_components):
            rows = np.concatenate(self._waiting)
            self._waiting = []
            self._partial_fit(rows)

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Return `embeddings` in the basis of now, (n_documents, n_components) float32."""
        if self._pca is None:
            return np.ascontiguousarray(embeddings, dtype=np.float32)
        # float64 comes back from the second partial_fit on, and k-means needs one dtype for all.
        return np.ascontiguousarray(self._pca.transform(embeddings), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return what was learnt, by name, in C order."""
        if self._pca is None:
            return {}
        learnt = {name: np.ascontiguousarray(getattr(self._pca, name)) for name in LEARNT}
        learnt["seen"] = np.array(
            [float(self._pca.n_samples_seen_), float(self._pca.noise_variance_)]
        )
        if self._waiting:
            learnt["waiting"] = np.concatenate(self._waiting)
        return learnt

    def restore(self, arrays: dict[str, NDArray[np.float64]]) -> None:
        """Become what `arrays` said when a snapshot was taken."""
        if not arrays:
            return
        self._pca = IncrementalPCA(len(arrays["components_"]))
        for name in LEARNT:
            setattr(self._pca, name, arrays[name])
        self._pca.n_components_ = len(arrays["components_"])
        self._pca.batch_size_ = None
        self._pca.n_features_in_ = arrays["components_"].shape[1]
        self._set_seen(*arrays["seen"].tolist())
        self._waiting = [arrays["waiting"].astype(np.float32)] if "waiting" in arrays else []

    def _partial_fit(self, rows: Embeddings) -> None:
        pca = self._pca
        if pca is None:
            return
        pca.partial_fit(rows.astype(np.float64))
        seen = float(pca.n_samples_seen_)
        if seen > self.memory:
            pca.singular_values_ *= np.sqrt(self.memory / seen)
            seen = self.memory
        self._set_seen(seen, float(pca.noise_variance_))

    def _set_seen(self, seen: float, noise_variance: float) -> None:
        if self._pca is not None:
            self._pca.n_samples_seen_ = np.int64(seen)
            self._pca.noise_variance_ = noise_variance
