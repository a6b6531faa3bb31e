"""The toy exercise of lesson 00, on which a learner tries a check, a hint and a solution."""

from .check import Exercise


def vocabulary_size(text):
    """How many different characters a text has, V: text str -> int."""
    return len(set(text))


vocabulary_size = Exercise(
    vocabulary_size,
    cases=lambda: [
        ("hello",),
        ("if you want you",),
        ("Hello hello",),
        ("a",),
        (" to be,\nor not to be ",),
        ("no ",),
        ("a\n",),
        ("déjà vu",),
    ],
    returns="V, an int",
    hints=(
        "Each character counts once, however often it stands in the text. Which Python type keeps things only once?",
        "A `set` made from the text holds each character once. `len` counts what is in it.",
    ),
    wrong={
        lambda text: len(text): (
            "You count every character, also those that come again: hello has five letters, four of them different."
        ),
        lambda text: sum(text.count(character) == 1 for character in text): (
            "You count the characters that come once. Those that come again count as well, each of them once."
        ),
        lambda text: set(text): "These are the right characters. The question is how many they are: a number.",
        lambda text: len(set(text.lower())): (
            "You take H and h for one character. A network sees two different symbols, so both count."
        ),
        lambda text: len(set(text) - {" "}): (
            "You leave the space out. It is a character like any other: the network reads it, so it counts."
        ),
    },
)
