"""The article's worked case, put right: 1,000 texts of 100 words, 100 -> 10 -> 100, and an honest evaluation.

The article builds a "100 x 100 bag of words" from 1,000 texts, asks for the codes before it trains, and prints the
"accuracy" of an autoencoder. Here the matrix is 1,000 documents by 100 words, the codes come from the trained encoder,
and three questions are asked of rows that training never saw: are they rebuilt better than by the best output that
looks at no row, how much of their variance is explained, and do the codes keep the topics apart?

Run it with ``python examples/article_autoencoder.py``. It needs the library alone. Where the environment variable
MINILM_DATA names the folder of data sets, texts of the set 20news take the place of the made-up ones.
"""

from __future__ import annotations

import gzip
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np

from minilm_unsup.cluster import KMeans
from minilm_unsup.metrics import nmi
from minilm_unsup.models import Autoencoder, TextClassifier

N_TEXTS, N_WORDS, VOCABULARY, CODE = 1_000, 100, 100, 10


def made_up_texts(rng: np.random.Generator, n_topics: int = 8) -> tuple[list[list[str]], list[str]]:
    """Draw texts of 100 words from topics whose vocabularies overlap."""
    vocabulary = [f"word{i:03d}" for i in range(400)]
    common = 1.0 / np.arange(1, len(vocabulary) + 1)  # every topic uses the frequent words
    topics = rng.dirichlet(np.full(len(vocabulary), 0.05), size=n_topics)
    texts, labels = [], []
    for i in range(N_TEXTS):
        shares = 0.5 * topics[i % n_topics] + 0.5 * common / common.sum()
        texts.append([vocabulary[j] for j in rng.choice(len(vocabulary), size=N_WORDS, p=shares)])
        labels.append(f"topic {i % n_topics}")
    return texts, labels


def news_texts(path: Path, rng: np.random.Generator) -> tuple[list[list[str]], list[str]]:
    """Take the first 100 words of 1,000 news postings that are long enough."""
    texts, labels = [], []
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    for i in rng.permutation(len(rows)):
        words = re.findall(r"[a-z]{3,}", rows[i][2].lower())[:N_WORDS]
        if len(words) == N_WORDS:
            texts.append(words)
            labels.append(rows[i][1].split(".")[0])
        if len(texts) == N_TEXTS:
            break
    return texts, labels


def bag_of_words(texts: list[list[str]]) -> tuple[np.ndarray, list[str]]:
    """Mark which of 100 words each text has: the most frequent ones after those that more than a fifth have."""
    counts = Counter(word for text in texts for word in set(text))
    rare_enough = [word for word, count in counts.most_common() if count <= 0.2 * len(texts)]
    vocabulary = rare_enough[:VOCABULARY]
    place = {word: j for j, word in enumerate(vocabulary)}
    X = np.zeros((len(texts), len(vocabulary)), dtype=np.float32)
    for i, text in enumerate(texts):
        X[i, [place[word] for word in text if word in place]] = 1
    return X, vocabulary


def main() -> None:
    """Train, then show codes, loss curves and the evaluation."""
    rng = np.random.default_rng(0)
    news = Path(os.environ.get("MINILM_DATA", ""), "20news", "20news.tsv.gz")
    real = bool(os.environ.get("MINILM_DATA")) and news.is_file()
    texts, labels = news_texts(news, rng) if real else made_up_texts(rng)
    X, vocabulary = bag_of_words(texts)
    y = np.array(labels)
    print(
        f"{len(texts)} {'news' if real else 'made-up'} texts of {N_WORDS} words -> {X.shape[0]} x {X.shape[1]} matrix"
    )

    # Train, validation and test stay apart: the last 200 rows of a random order are looked at once, at the end.
    order = rng.permutation(len(X))
    known, test = order[:800], order[800:]
    model = Autoencoder(
        hidden_sizes=CODE,
        activation="relu",
        loss="binary_crossentropy",
        optimizer="adam",
        learning_rate=1e-3,
        epochs=10,
        batch_size=32,
        validation_split=0.2,
        random_state=0,
    ).fit(X[known])

    print("\nepoch   loss    val_loss")
    for epoch, (loss, val_loss) in enumerate(zip(model.history_["loss"], model.history_["val_loss"], strict=True), 1):
        bar = "#" * round(60 * val_loss / model.history_["val_loss"][0])
        print(f"{epoch:5d}  {loss:.4f}  {val_loss:.4f}  {bar}")

    codes = model.transform(X)
    print("\ncodes of the first three texts (10 numbers each, from the encoder, after training):")
    for row in codes[:3]:
        print("  " + " ".join(f"{value:5.2f}" for value in row))
    print("the word that each feature of the code weighs most:")
    strongest = model.parameters_["encoder.0.weight"].argmax(axis=1)
    print("  " + ", ".join(vocabulary[j] for j in strongest))

    found = model.evaluate(X[test])
    patient = Autoencoder(CODE, epochs=100, learning_rate=1e-3, random_state=0).fit(X[known])
    longer = patient.evaluate(X[test])
    print("\nrebuilding 200 texts that were not trained on (binary cross-entropy, mean over words, in nats):")
    print(f"  best constant output          {found['constant_loss']:.4f}")
    print(
        f"  after 10 epochs               {found['loss']:.4f}   explained variance {found['explained_variance']:6.1%}"
    )
    print(
        f"  after 100 epochs              {longer['loss']:.4f}   explained variance {longer['explained_variance']:6.1%}"
    )
    print(f"  share of zeros: {np.mean(X[test] == 0):.1%}; an 'accuracy' of that much takes no learning at all")

    n_topics = len(set(labels))
    print(f"\ndo the codes keep the {n_topics} topics apart? (labels are used for scoring alone, and by the probe)")
    print("  features          clusters (NMI, mean of 5 starts)   probe on 80 labels (accuracy on the 200)")
    few = known[:80]
    for name, rows in (("100 words", X), ("code, 10 epochs", codes), ("code, 100 epochs", patient.transform(X))):
        scores = [nmi(labels, KMeans(n_clusters=n_topics, random_state=seed).fit(rows).labels_) for seed in range(5)]
        probe = TextClassifier(random_state=0).fit(rows[few], y[few]).score(rows[test], y[test])
        print(f"  {name:17s} {np.mean(scores):.3f}                              {probe:.1%}")


if __name__ == "__main__":
    main()
