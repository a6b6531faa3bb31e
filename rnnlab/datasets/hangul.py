"""Words in Hangul and how they are written in Latin letters: by the rules of a package, syllables drawn from a seed."""

import random
import unicodedata

from hangulpy import romanize
from mnemonic import Mnemonic

from rnnlab import expect
from rnnlab.datasets.downloads import DataError

WORDS = 2048
LATIN = "abcdeghijklmnoprstuwy"


def words() -> tuple[list[str], list[str]]:
    """2,048 Korean words of 2 to 4 syllables, and each in Latin letters; DataError if the list is not what it was."""
    found = [unicodedata.normalize("NFC", word) for word in Mnemonic("korean").wordlist]
    if len(set(found)) != WORDS or {len(word) for word in found} != {2, 3, 4}:
        raise DataError(f"the list of mnemonic holds {len(found):,} words, expected 2,048: pip install mnemonic==0.21")
    return found, [romanize(word) for word in found]


def made(count: int, seed: int = 0, longest: int = 3) -> tuple[list[str], list[str]]:
    """`count` different words of 1 to `longest` of those words' syllables in any order, none of them a word.

    Each in Hangul and in Latin letters (Revised Romanization), as it is spoken: sounds change where syllables meet.
    """
    count, longest = expect.whole("count", count, most=100000), expect.whole("longest", longest, 2, 9)
    chance = random.Random(expect.whole("seed", seed, 0))
    real = set(words()[0])
    syllables = sorted(set("".join(real)))
    found = {}
    while len(found) < count:
        word = "".join(chance.choices(syllables, k=chance.randint(1, longest)))
        if word not in real:
            found[word] = romanize(word)
    return list(found), list(found.values())


def letters(word: str) -> str:
    """The letters of a word in Hangul, two or three a syllable: 한국 -> ㅎㅏㄴㄱㅜㄱ, first and last ones told apart."""
    return unicodedata.normalize("NFD", expect.text("word", word))
