"""A sentence of a check as it is shown: JupyterLab breaks what is printed in the middle of a word, and this between."""

import html

from IPython.display import display

STYLE = """margin: 0; padding: 0 0 0 8px; white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere;
font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, inherit)"""


class Sentence:
    """A text that a notebook shows as HTML and everything else as it is."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        return f'<pre style="{STYLE}">{html.escape(self.text)}</pre>'


def say(text):
    """Show a sentence below the cell that runs."""
    display(Sentence(text))
