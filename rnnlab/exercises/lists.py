"""What relates an answer of words, counts or yes and no to the one expected: entries, order, counting, one value."""

import collections
import functools


def relation(mine, theirs):
    """A sentence that holds of every pair of answers that differ, or None. mine, theirs: one answer for each case."""
    pairs = list(zip(mine, theirs, strict=True))
    if not all(_is_plain(side) for pair in pairs for side in pair):
        return None
    for sentence, holds in (*_whole(pairs), *_entries(pairs)):
        if all(holds(a, b) for a, b in pairs if not _same(a, b)):
            return sentence
    return None


def _is_plain(value):
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, int | str)


def _same(a, b):
    return type(a) is type(b) and a == b


def _is_count(x):
    return isinstance(x, int) and not isinstance(x, bool)


def _whole(pairs):
    """An answer as a whole: always the same, off by the same, the other of two."""
    mine, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    wrong = [(a, b) for a, b in pairs if not _same(a, b)]
    simple = all(isinstance(x, int | str) for pair in pairs for x in pair)
    if simple and len({repr(a) for a in mine}) == 1 and len({repr(b) for b in theirs}) > 2:
        yield f"It is always {mine[0]!r}, whatever comes in.", lambda a, b: True
    if all(isinstance(x, bool) for pair in pairs for x in pair) and len(wrong) == len(pairs):
        yield "It is the other way round: True where False is expected, and False where True is.", lambda a, b: True
    if all(_is_count(x) for pair in pairs for x in pair) and len(wrong) == len(pairs) > 2:
        off = {a - b for a, b in pairs}
        by = off.pop() if len(off) == 1 else 0
        if by:
            yield f"It is always {abs(by)} too {'large' if by > 0 else 'small'}.", lambda a, b: True
    together = all(isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) > 1 for a, b in pairs)
    if together and all(_is_count(x) for pair in pairs for side in pair for x in side) and len(wrong) > 2:
        off = {tuple(x - y for x, y in zip(a, b, strict=True)) for a, b in pairs}
        by = off.pop() if len(off) == 1 else ()
        if len(set(by)) == 1 and by[0]:
            yield (
                f"All parts are {abs(by[0])} too {'large' if by[0] > 0 else 'small'}, in every case.",
                lambda a, b: True,
            )
        yield "The right parts, in the opposite order.", lambda a, b: a == b[::-1]


def _entries(pairs):
    """Lists: as one text, in another order, with entries too many or missing."""
    if not all(isinstance(b, list) and all(isinstance(x, str | int) for x in b) for _, b in pairs):
        return
    if all(isinstance(a, str) for a, _ in pairs):
        yield "It is one text; the entries are asked for, in a list.", lambda a, b: "".join(b) == "".join(a.split(" "))
    if not all(isinstance(a, list) and all(isinstance(x, str | int) for x in a) for a, _ in pairs):
        return
    yield "The right entries in reversed order.", lambda a, b: a == b[::-1]
    yield "The last entry is missing; the others are right.", lambda a, b: a == b[:-1]
    yield "The first entry is missing; the others are right.", lambda a, b: a == b[1:]
    yield "Each entry is there only once.", lambda a, b: a == list(dict.fromkeys(b))
    for word in sorted({x for a, _ in pairs for x in a}, key=str):
        yield f"`{word!r}` stands where it does not belong; the others are right.", _too_many(word)
    for word in sorted({x for _, b in pairs for x in b}, key=str):
        yield f"`{word!r}` is missing somewhere; the others are right.", functools.partial(_turned, _too_many(word))
    yield "The right entries in another order.", lambda a, b: collections.Counter(a) == collections.Counter(b)


def _turned(holds, a, b):
    return holds(b, a)


def _too_many(word):
    """Whether one list is the other with one word put in, once or more."""

    def holds(a, b):
        more = collections.Counter(a) - collections.Counter(b)
        return set(more) == {word} and len(a) > len(b) and [x for x in a if x != word] == [x for x in b if x != word]

    return holds
