"""Who says a slip: one of the sentences in slip_sentences.py, with the learner's own names in it."""

import ast
import re

from .edits import is_strictness, name_of
from .edits_of_sums import number
from .in_words import compared, in_words
from .slip_sentences import NAMELESS, SENTENCES, SHORTER
from .trees import index_text, words

SHORT = 60  # characters of code a sentence quotes at most


EQUAL = " Where both sides are equal it decides the wrong way."


class Speaker:
    """Puts a change of the reference into words, without the names and the code that only the reference knows."""

    def __init__(self, tree, known, attempt=None):
        """known: names of the attempt; None: every name may be said. attempt: its text, the only code quoted."""
        self.tree, self.written = tree, attempt and _bare(words(attempt.definition))
        stored = [n.id for n in ast.walk(tree.definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        loops = [n.target for n in ast.walk(tree.definition) if isinstance(n, ast.For | ast.comprehension)]
        free = {n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)}
        self.hidden = set() if known is None else set(stored) - set(known) - set(tree.parameters) - free

    def code(self, node):
        """The learner's code in backticks, else what a right answer does there in words; None where neither will do."""
        said = self._quoted(node)
        plain = not isinstance(node, ast.AST) or isinstance(node, ast.keyword | ast.arg)
        if self.written is None or said is None or plain:
            return said
        return in_words(node, self._theirs)

    def _says(self, comparison):
        """Whether the learner has such a sign of comparison, or the same with its sides exchanged."""
        sign = compared(comparison).strip("`").replace(" ", "")
        signs = {sign, sign.translate(str.maketrans("<>", "><"))}
        return self.written is None or any(sign in self.written for sign in signs)

    def _theirs(self, node):
        """The code of a node where the learner has it too, or it is a name or a number; or None."""
        said = self._quoted(node)
        small = isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id not in self.hidden)
        if self.written is None:
            return said
        return said if said and (small or number(node) is not None or _bare(said) in self.written) else None

    def _quoted(self, node):
        """A piece of code, in backticks, an ellipsis for what the learner does not know; None if nothing remains."""
        if isinstance(node, ast.arg):
            return f"`{node.arg}`"
        if not isinstance(node, ast.AST):
            return None if node is None else str(node)
        if isinstance(node, ast.Name) and node.id in self.hidden:
            return None
        if isinstance(node, ast.Assign) and node.targets and isinstance(node.targets[0], ast.Name | ast.Tuple):
            node = node.value if self.code(node.targets[0]) is None else node
        changed = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in self.hidden]
        before = [n.id for n in changed]
        for name in changed:
            name.id = "…"
        text = index_text(node) if isinstance(node, ast.expr | ast.stmt | ast.keyword) else None
        for name, was in zip(changed, before, strict=True):
            name.id = was
        if text is None or len(text) > SHORT or not re.search(r"\w", text):
            return None
        return f"`{text}`"

    def part(self, edit):
        """What is left out or changed: its code, else the noun for it and the code it stands in."""
        said, noun = self.code(edit.part), SENTENCES[edit.kind][1]
        if edit.kind == "call":
            return f"`{name_of(edit.node)}`" if name_of(edit.node) else None
        if edit.kind == "axis":
            return words(edit.part)
        node = self.code(edit.node)
        if isinstance(edit.part, ast.Constant) and node and edit.kind != "index":
            return f"the {said} of {node}"
        if said is None and noun:
            said = f"{noun} of {node}" if node and isinstance(edit.node, ast.BinOp) else noun
        return said

    def sentence(self, edit):
        """The sentence of one change, or None."""
        said = self._sentence(edit)
        return said + EQUAL if said and edit.kind == "comparison" and is_strictness(edit) else said

    def _sentence(self, edit):
        template, noun = SENTENCES[edit.kind]
        name = name_of(edit.node) if isinstance(edit.node, ast.Call) else getattr(edit.node, "attr", None)
        to = f"`{edit.to}`" if isinstance(edit.to, str) else self.code(edit.to)
        if edit.kind == "part":
            to = self.code(edit.part) and edit.to.format(self.code(edit.part))
        around = self.tree.around(edit.node)
        said = {"node": self.code(edit.node), "to": to, "new": self.code(edit.new), "name": name and f"`{name}`",
                "around": around and self.code(around)}  # fmt: skip
        said["near"] = self.code(edit.part) or said["node"]
        said["part"] = self.part(edit)
        if edit.kind == "comparison" and not self._says(edit.new):
            return None  # the learner compares otherwise, or nothing
        if edit.kind == "backwards" and isinstance(edit.holder, ast.comprehension):
            return "The order: it behaves as if the first came last."
        returned = isinstance(self.tree.parents.get(id(edit.node)), ast.Return) and self._theirs(edit.node) is None
        if edit.kind == "entries" and self.written is not None and not returned and self._theirs(edit.node) is None:
            return None
        said["whole"] = "what it returns" if returned else said["node"] or "a list"
        if edit.kind == "entry" and isinstance(self.tree.parents.get(id(edit.node)), ast.Return):
            return f"Part {edit.to} of what it should return is left out."
        if isinstance(around, ast.Subscript) and edit.kind == "number" and self._theirs(around) is None:
            base = self.code(around.value)
            said["node"], said["around"] = f"index {said['node']}", base
            template = template.replace(" in {around}", " of {around}")
        if (said["node"] or "").startswith("the matrix product"):
            template = template.replace("the matrix product {node}", "{node}")
        if edit.kind == "index axis" and self._theirs(edit.node) is None:
            said["node"], said["new"] = self.code(edit.node.value), self._theirs(edit.new)
            template = template if said["new"] else template.replace(": {new}", "")
        if edit.kind == "power" and self._theirs(edit.node) is None:
            template, said["part"] = SENTENCES["alone"][0], self.code(edit.node.left)
        if said["part"] == noun and edit.kind in NAMELESS:
            return NAMELESS[edit.kind]
        wanted = re.findall(r"\{(\w+)\}", template)
        if any(said[word] is None for word in wanted):
            return self._without(edit, said)
        return template.format(**said)

    def _without(self, edit, said):
        """A shorter sentence for a change whose pieces cannot all be said."""
        if edit.kind == "number":
            if getattr(getattr(self.tree.around(edit.node), "value", None), "attr", None) == "shape":
                return None  # which size it should be is said by the change that mends it
            an = "an" if (said["node"] or "").startswith("index") else "a"
            wrote = self.written is None or str(edit.to) in self.written
            return f"It behaves as if {an} {said['node']} were {said['to']}." if said["node"] and wrote else None
        if edit.kind == "call" and said["name"]:
            return f"It behaves as if {said['name']} were left out."
        if edit.kind == "comparison":
            return f"It behaves as if the comparison were {compared(edit.new)}, not {compared(edit.node)}."
        if edit.kind == "another name" and said["to"]:
            place = f", in {said['around']}" if said["around"] else ""
            return f"It behaves as if {said['to']} stood where something else belongs{place}."
        if edit.kind == "transposed" and self.code(edit.part):
            return f"It behaves as if {self.code(edit.part)} were transposed."
        if edit.kind == "index" and said["part"]:
            return f"It behaves as if the index {said['part']} were left out."
        return SHORTER.get(edit.kind)


def _bare(text):
    """Code without blanks, quotes and brackets, which may be written in several ways."""
    return re.sub(r"[\s`()\"']", "", text)
