"""Where an attempt leaves the right way, in a sentence: the expression that raises, or from which on it is wrong."""

import torch

from . import loops
from .grafts import grafted
from .place import first_place, short
from .raising import raised_at, stopped, unpacked
from .trees import read

MOST_PLACES = 4  # cases on which a place is looked for
KNOWN = "The values before it are those of a right answer, its own are not."
GRAFTED = "with a right value there, all is right."
OWN = "No right answer we know has its value."
BEFORE = "The values before it are those of a right answer; from here on they are your own."


def placed(seen):
    """The expression where it leaves the right way, or where it raises."""
    if not seen.wrong:
        return None
    i = seen.wrong[0]
    if seen.outcomes[i][1] is not None:
        return _raised(seen, i)
    (a, _), (b, _) = seen.outcomes[i], seen.right[i]
    text = isinstance(a, str) != isinstance(b, str)
    if a is None or text or isinstance(b, torch.Tensor) != isinstance(a, torch.Tensor):
        return None  # what it returns is of another kind, and that is all there is to say
    ways = (seen.exercise.answer, *seen.exercise.ways)
    plain = [i for i in seen.wrong if seen.outcomes[i][1] is None][:MOST_PLACES]
    found = ((i, seen.tried(first_place, seen.attempt, ways, seen.cases[i], seen.right[i][0])) for i in plain)
    i, place = next(((i, place) for i, place in found if place), (i, None))
    more = seen.exercise.more_cases(MOST_PLACES)  # where one value mends by chance, another case shows it
    cases = [*(seen.cases[i] for i in plain), *(case for case, _ in more)]
    right = [*(seen.right[i] for i in plain), *(outcome for _, outcome in more)]
    grafts = (seen.tried(grafted, seen.attempt, way, cases, right) for way in ways)
    graft = next((graft for graft in grafts if graft), None)
    reading = place and place.reading(seen.letters[i])
    at = graft and graft.at
    if graft and not graft.whole and (place is None or at < place.at or (at > place.at and not reading)):
        differs = graft.difference(seen.letters[plain[0]])
        there = f"{differs} {GRAFTED[0].upper()}{GRAFTED[1:]}" if differs else GRAFTED
        return f"{seen.kind_first(i)}Look at `{short(graft.text)}` and at what it is made of: {there}"
    if place is None or not (place.reaching or reading or at == place.at):
        return None
    known = (KNOWN if place.sure else OWN) if at == place.at else BEFORE if place.sure else "" if reading else OWN
    said = f"it {reading}. {known}" if reading else f"{known[0].lower()}{known[1:]}"
    return f"{seen.kind_first(i)}Look at `{short(place.text)}`: {said}".rstrip()


def _raised(seen, i):
    error = seen.outcomes[i][1]
    if isinstance(error, SystemExit | KeyboardInterrupt | RecursionError):
        return None
    found = seen.tried(raised_at, seen.attempt, seen.cases[i])
    if found is None:
        return None
    text, node, operands = found
    if node is None:
        return unpacked(text, operands, error, seen.letters[i])
    turns = loops.fixed(read(seen.attempt), text) if isinstance(error, IndexError) else None
    return stopped(text, node, operands, error, seen.letters[i]) + (f" {turns}" if turns else "")
