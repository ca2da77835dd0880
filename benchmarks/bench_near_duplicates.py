"""MinHash signatures of 100,000 documents beside datasketch, at the same number of hashes."""

from __future__ import annotations

import gzip

import numpy as np

from benchmarks.frame import Context, Row, alternate, median, require, spread

N_HASHES, SIZE = 128, 5


def _texts(context: Context) -> list[str]:
    root = context.data("ag_news/ag_news.tsv.gz").parent.parent
    texts = []
    for path in sorted(root.glob("*/*.tsv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            texts += [line.rstrip("\n").split("\t")[-1] for line in file]
    return texts[: context.size(400_000, 4_000)][:: context.size(4, 4)][:100_000]


def run(context: Context) -> list[Row]:
    require("datasketch")
    from datasketch import MinHash

    from minilm_unsup import Deduplicator, WordTokenizer
    from minilm_unsup.text.near_duplicates import near_duplicates, signatures_of

    texts = _texts(context)
    words = WordTokenizer(han="chars")
    tokens = [words.tokenize(text) for text in texts]
    shingles = [
        [" ".join(row[i : i + SIZE]).encode() for i in range(max(1, len(row) - SIZE + 1))] if row else []
        for row in tokens
    ]  # ready for the peer; ours begins with the texts
    n_bytes = sum(len(text.encode()) for text in texts)

    def peer() -> list[MinHash]:
        signatures = []
        for row in shingles:
            signature = MinHash(num_perm=N_HASHES)
            signature.update_batch(row)
            signatures.append(signature)
        return signatures

    def ours() -> np.ndarray:
        return near_duplicates(texts, threshold=0.7, shingle_size=SIZE, n_hashes=N_HASHES)

    groups, signatures = ours(), peer()
    pairs = [(i, int(g)) for i, g in enumerate(groups) if i != g][:500]
    sets = {i: set(shingles[i]) for pair in pairs for i in pair}
    alike = [len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= 0.7 for i, j in pairs]
    guesses = [signatures[i].jaccard(signatures[j]) for i, j in pairs]
    assert np.mean(alike) > 0.9, "groups are chains of alike pairs"
    assert np.mean([guess >= 0.55 for guess, true in zip(guesses, alike, strict=True) if true]) > 0.99

    def streamed() -> np.ndarray:
        finder = Deduplicator("near", threshold=0.7, shingle_size=SIZE, n_hashes=N_HASHES)
        return finder.are_kept(texts[i : i + 1000] for i in range(0, len(texts), 1000))

    calls = {
        "ours": ours,
        "streamed": streamed,
        "signatures": lambda: signatures_of(texts, SIZE, N_HASHES),
        "peer": peer,
    }
    times = alternate(calls, context.size(3, 1), warm_up=0)
    other = median(times["peer"])
    notes = {
        "streamed": f"from pieces of 1,000 texts, through temporary files; {int((~streamed()).sum()):,} go",
        "signatures": "from texts",
        "ours": f"from texts to groups; {int((groups != range(len(texts))).sum()):,} go",
    }
    return [
        Row(
            f"{name} of {len(texts):,} documents, {N_HASHES} hashes",
            median(times[call]),
            other,
            "datasketch, signatures from shingles",
            target=">= 20x" if call == "signatures" else "",
            met=other >= 20 * median(times[call]) if call == "signatures" else None,
            spread=spread(times[call]),
            note=f"{n_bytes / median(times[call]) / 1e6:.0f} MB/s {notes[call]}",
        )
        for name, call in (
            ("MinHash", "signatures"),
            ("near-duplicates", "ours"),
            ("near-duplicates through files", "streamed"),
        )
    ]
