"""Topics from embeddings, with UMAP and HDBSCAN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.refit.settings import RefitSettings


def fit(embeddings: Embeddings, anchors: Labels, settings: RefitSettings) -> Labels:
    """Return the cluster of each document, -1 for none.

    UMAP draws documents together that share a topic now, as far as `settings.anchoring` says, so
    that topics which go on keep their documents; HDBSCAN finds the dense groups.

    Parameters
    ----------
    embeddings
        float32, (n_documents, n_dimensions).
    anchors
        Topic of each document now, -1 for none.
    settings
        Sizes, seed and anchoring.

    References
    ----------
    L. McInnes, J. Healy, J. Melville. UMAP: Uniform Manifold Approximation and Projection for
    Dimension Reduction (2018), arXiv:1802.03426.
    R. Campello, D. Moulavi, J. Sander. Density-based clustering based on hierarchical density
    estimates. PAKDD 2013.

    """
    # Here, because they take seconds to import and compile for a minute where nobody did before.
    from hdbscan import HDBSCAN

    points = _reduced(embeddings, anchors, settings)
    found = HDBSCAN(min_cluster_size=settings.min_topic_size, core_dist_n_jobs=1)
    return np.asarray(found.fit(points).labels_, dtype=np.int64)


def _reduced(
    embeddings: Embeddings, anchors: Labels, settings: RefitSettings
) -> NDArray[np.float64]:
    from umap import UMAP

    reducer = UMAP(
        n_neighbors=min(settings.n_neighbors, len(embeddings) - 1),
        n_components=settings.n_components,
        min_dist=0.0,
        metric="cosine",
        target_weight=settings.anchoring,
        random_state=settings.seed,
        n_jobs=1,  # what a seed leads to anyway, with a warning
    )
    target = anchors if settings.anchoring and (anchors >= 0).any() else None
    return np.asarray(reducer.fit_transform(embeddings, y=target), dtype=np.float64)
