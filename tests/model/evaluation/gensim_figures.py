"""Figures of gensim 4.4.0 for a toy corpus; run this file where gensim is installed to make them.

The corpus has documents shorter and longer than every window, an empty one, and words that come
again within a window, on which gensim's way of counting and the exact one differ.
"""

from __future__ import annotations

from importlib import import_module

VERSION = "4.4.0"
SENTENCES = (
    "the rocket left the pad and the crew saw the moon rise over the sea",
    "the crew of the rocket will orbit the moon before the next launch",
    "bread needs flour and salt and yeast and a hot oven",
    "the oven was hot and the dough rose while the flour settled",
    "the judge heard the jury and the court gave the verdict",
    "a jury of twelve sat in the court while the judge read the law",
    "the moon was over the bakery when the bread left the oven",
)
TOPICS = [
    ["rocket", "moon", "orbit", "launch", "crew"],
    ["bread", "flour", "oven", "yeast", "dough"],
    ["court", "judge", "jury", "law", "verdict"],
    ["moon", "oven", "court", "the"],
    ["orbit", "yeast"],
]


def corpus() -> list[list[str]]:
    """Return the tokens of ten documents: the sentences, two of many of them, and an empty one."""
    sentences = [sentence.split() for sentence in SENTENCES]
    long = [[word for i in range(30) for word in sentences[i * step % 7]] for step in (2, 3)]
    return [*sentences, *long, []]


# By coherence and window: the figure of each topic.
FIGURES: dict[tuple[str, int], list[float]] = {
    ("c_npmi", 4): [-0.398164384, -0.529580008, -0.318030117, -0.448192572, -0.777649557],
    ("c_npmi", 10): [0.15029522, -0.00940028, 0.061546335, -0.134397439, -0.841372972],
    ("c_v", 15): [0.778661767, 0.547373817, 0.662432995, 0.357787405, 0.068962466],
    ("c_v", 110): [0.703319348, 0.733387213, 0.821011359, 0.502962298, 0.727510491],
}


def _of_gensim() -> dict[tuple[str, int], list[float]]:
    corpora, models = import_module("gensim.corpora"), import_module("gensim.models")
    texts = corpus()
    kinds = [("c_npmi", 4), ("c_npmi", 10), ("c_v", 15), ("c_v", 110)]
    return {
        (name, window): models.CoherenceModel(
            topics=TOPICS,
            texts=texts,
            dictionary=corpora.Dictionary(texts),
            coherence=name,
            window_size=window,
            processes=1,
        ).get_coherence_per_topic()
        for name, window in kinds
    }


if __name__ == "__main__":
    import sys

    for key, figures in _of_gensim().items():
        sys.stdout.write(
            f"    {key}: {[round(float(one), 9) for one in figures]},\n".replace("'", '"')
        )
