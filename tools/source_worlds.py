r"""Divide the pack's classes into two source worlds, animals and man-made objects.

    python tools/source_worlds.py --pack tiny_imagenet_200.npz --wordnet /usr/share/wordnet

A class belongs to the world whose synset is among its hypernyms in WordNet 3.0 (Debian's package
``wordnet-base``). So that the worlds differ in what they show and in nothing else, the larger one
is thinned evenly along the list of classes, and the k-th largest class of either takes the same
number of training photos. The outcome is kept in ``assets/weights/source_worlds.json``; nobody
needs WordNet to use it.

References
----------
Miller, "WordNet: a lexical database for English", Communications of the ACM 38(11), 1995.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[1] / "assets" / "weights" / "source_worlds.json"
WORLDS = {"animals": "00015388", "objects": "00021939"}
"""World -> offset of its synset among the nouns: animal, artifact."""


def hypernyms(data_noun: Path) -> dict[str, list[str]]:
    """Read, for each noun synset, the synsets right above it (``wndb(5WN)`` has the format)."""
    above = {}
    for line in data_noun.read_text().splitlines():
        if line.startswith("  "):  # the licence, at the top of the file
            continue
        fields = line.split(" | ")[0].split()
        start = 4 + 2 * int(fields[3], 16)  # behind the words, each with its sense
        pointers = fields[start + 1 : start + 1 + 4 * int(fields[start])]
        above[fields[0]] = [
            offset
            for symbol, offset in zip(pointers[::4], pointers[1::4], strict=True)
            if symbol in ("@", "@i")
        ]
    return above


def is_a(synset: str, ancestor: str, above: dict[str, list[str]]) -> bool:
    """Tell whether ``ancestor`` is the synset itself or one of those above it."""
    return synset == ancestor or any(is_a(parent, ancestor, above) for parent in above[synset])


def divide(
    wnids: list[str], counts: dict[str, int], above: dict[str, list[str]]
) -> dict[str, dict[str, int]]:
    """Return, for each world, its classes and how many training photos each of them gives."""
    members = {w: [c for c in wnids if is_a(c[1:], top, above)] for w, top in WORLDS.items()}
    size = min(map(len, members.values()))
    for world, classes in members.items():
        members[world] = [classes[i * len(classes) // size] for i in range(size)]
    ranked = [sorted(classes, key=lambda c: (-counts[c], c)) for classes in members.values()]
    share = {}
    for peers in zip(*ranked, strict=True):
        share.update(dict.fromkeys(peers, min(counts[c] for c in peers)))
    return {world: {c: share[c] for c in classes} for world, classes in members.items()}


def main() -> None:
    """Read the command line and write the division."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--wordnet", type=Path, required=True, help="folder with data.noun")
    args = parser.parse_args()
    with np.load(args.pack) as pack:
        wnids, labels = pack["wnid"].tolist(), pack["train_label"]
    counts = dict(zip(wnids, np.bincount(labels, minlength=len(wnids)).tolist(), strict=True))
    worlds = divide(wnids, counts, hypernyms(args.wordnet / "data.noun"))
    OUT.write_text(json.dumps(worlds, indent=1) + "\n")
    for world, classes in worlds.items():
        print(f"{world}: {len(classes)} classes, {sum(classes.values())} training photos")


if __name__ == "__main__":
    main()
