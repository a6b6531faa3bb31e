"""What a slip is called: a sentence for each kind of change, with the learner's own names in it."""

import ast
import re

from .edits import name_of
from .edits_of_sums import number
from .in_words import compared, in_words
from .trees import index_text, words

SHORT = 60  # characters of code a sentence quotes at most

# {part}, {node}, {to}: code. Where {part} cannot be said, the noun beside the sentence stands for it.
SENTENCES = {
    "term": ("It behaves as if {part} were left out.", "a term"),
    "sign": ("A sign: it behaves as if {part} came with the other sign.", "a term"),
    "twice": ("It behaves as if {part} were in it twice.", "a term"),
    "turned": ("A sign: it behaves as if the difference {node} were taken the other way round.", ""),
    "one minus": ("It behaves as if {part} stood where `1 -` of it belongs.", "a factor"),
    "should be itself": ("It behaves as if `1 -` of {part} stood where {part} itself belongs.", "a factor"),
    "alone": ("It behaves as if {part} alone stood where {node} belongs.", ""),
    "whole sum": ("Brackets: it behaves as if the factor {part} reached both terms of {node}.", ""),
    "not rounded": ("It behaves as if {node} were not rounded down.", ""),
    "rows": ("It behaves as if {part} had as many entries as it has numbers.", ""),
    "wider": ("It behaves as if a function went round the whole of {node}.", ""),
    "times": ("It behaves as if the two sides of {node} were multiplied, not added.", ""),
    "shares": ("It behaves as if {part} and {to} were exchanged.", "one share"),
    "bracket": ("Brackets: it behaves as if {node} were {new}.", ""),
    "factor": ("It behaves as if {part} were left out, as a factor.", "a factor"),
    "plus": ("It behaves as if the two sides of {node} were added, not multiplied.", ""),
    "divided": ("It behaves as if it divided by {part} instead of multiplying.", "a factor"),
    "factor twice": ("It behaves as if {part} were a factor twice.", "a factor"),
    "matrix product": ("It behaves as if {node} were a matrix product; it goes entry by entry.", ""),
    "one factor": ("It behaves as if the factor {part} reached only {to}; it belongs to the whole sum.", "before it"),
    "divisor": ("It behaves as if {part} were left out, as a divisor.", "the divisor"),
    "multiplied": ("It behaves as if it multiplied by {part} instead of dividing.", "the divisor"),
    "upside down": ("It behaves as if the fraction {node} were upside down.", ""),
    "floor": ("It behaves as if the division {node} were rounded down.", ""),
    "power": ("It behaves as if the power in {node} were left out.", ""),
    "doubled": ("It behaves as if {node} were a factor, not a power.", ""),
    "sides": ("It behaves as if the two sides of the matrix product {node} were exchanged.", ""),
    "elementwise": ("It behaves as if {node} went entry by entry; a matrix product, `@`, belongs there.", ""),
    "transposed": ("It behaves as if {part} were transposed in {node}.", "one side"),
    "no transpose": ("It behaves as if {part} were not transposed.", "a factor"),
    "matrix": ("It behaves as if the product with {part} were left out.", "the matrix"),
    "minus": ("A sign: it behaves as if the minus of {node} were left out.", ""),
    "condition turned": ("It behaves as if the condition {node} were turned round.", ""),
    "number": ("It behaves as if the {node} in {around} were {to}.", ""),
    "switch": ("It behaves as if {around} had {to} where {node} belongs.", ""),
    "call": ("It behaves as if {name} were left out, at {near}.", ""),
    "only round": ("It behaves as if {name} went round {part} alone, and not round the whole sum.", "one term"),
    "round each": ("It behaves as if {name} were taken of each term, and not of the sum.", ""),
    "another function": ("It behaves as if {to} stood where {name} belongs.", ""),
    "arguments": ("It behaves as if {part} and {to} were exchanged in {name}.", "one argument"),
    "argument": ("It behaves as if {name} were not given {part}.", "its last argument"),
    "keyword": ("It behaves as if {part} were missing in {name}.", ""),
    "axis": ("It behaves as if {name} worked along axis {to}; it should be axis {part}.", ""),
    "stops early": ("The loop stops one step too early: the last is left out.", ""),
    "stops late": ("The loop goes one step too far.", ""),
    "starts late": ("The loop starts one step too late: the first is left out.", ""),
    "starts early": ("The loop starts one step too early.", ""),
    "backwards": ("It behaves as if it went from the last to the first; it should start at the first.", ""),
    "forwards": ("It behaves as if it went from the first to the last; it should start at the last.", ""),
    "first left out": ("It behaves as if the first of {part} were left out.", "the loop"),
    "last left out": ("It behaves as if the last of {part} were left out.", "the loop"),
    "comparison": ("It behaves as if the comparison were {new}.", ""),
    "always": ("It behaves as if it were always {to}, whatever {part} says.", "the condition"),
    "cases exchanged": ("It behaves as if the two cases of {part} were exchanged.", "the condition"),
    "condition": ("It behaves as if the condition {part} were missing.", "there"),
    "and or": ("It behaves as if `and` and `or` were exchanged in {node}.", ""),
    "index": ("It behaves as if the index {part} of {node} were left out.", ""),
    "index axis": ("It behaves as if the index of {node} stood on another axis: {new}.", ""),
    "every row": ("It behaves as if {node} took every row at each of these places: {new}.", ""),
    "index later": ("It behaves as if it looked one place later than {node}.", ""),
    "index earlier": ("It behaves as if it looked one place earlier than {node}.", ""),
    "no start": ("It behaves as if the slice {node} began at the very start.", ""),
    "no end": ("It behaves as if the slice {node} went on to the very end.", ""),
    "start later": ("It behaves as if the slice {node} began one place later.", ""),
    "start earlier": ("It behaves as if the slice {node} began one place earlier.", ""),
    "end later": ("It behaves as if the slice {node} ended one place later.", ""),
    "end earlier": ("It behaves as if the slice {node} ended one place earlier.", ""),
    "entries": ("Parts {part} and {to} of {whole} are exchanged.", ""),
    "entry twice": ("Part {to} of what it returns stands at the place of part {part} too.", ""),
    "entry": ("It behaves as if {part} were left out.", "one of the parts"),
    "only entry": ("It returns only part {to}.", ""),
    "no return": ("It returns None: is there a `return`, with a value behind it?", ""),
    "never": ("The case {to} is not handled.", ""),
    "always so": ("It behaves as if {to} were always so.", "the condition"),
    "not else": ("It behaves as if {part} were asked in the other case too: `elif`, not `if`.", "the second condition"),
    "line": ("It behaves as if {part} were missing.", "a line"),
    "overwritten": ("A sum is overwritten at every step, instead of added to.", ""),
    "subtracted": ("A sum is made smaller at every step, instead of larger.", ""),
    "lines": ("It behaves as if {part} came after {to}.", "one line"),
    "set anew": ("It behaves as if {part} were done anew in every turn of the loop, not once.", "the start"),
    "returns in the loop": ("It returns in the first turn of the loop; the `return` belongs behind it.", ""),
    "after the loop": ("It behaves as if {to} stood behind the loop, not in it.", "the last line"),
    "into the loop": ("It behaves as if {part} were done in every turn of the loop.", "the line behind it"),
    "put first": ("It behaves as if each were put in front of those before.", ""),
    "one index": ("It behaves as if {node} were an index, not a slice.", ""),
    "part": ("It behaves as if you took {to}, and not {part} itself.", ""),
    "another name": ("It behaves as if {to} stood where {node} belongs.", ""),
    "parameters": ("It behaves as if {part} and {to} were exchanged.", ""),
}  # fmt: skip

# Where the learner has no such code and it takes too many words: the change alone.
SHORTER = {
    "elementwise": "A product goes entry by entry where a matrix product, `@`, belongs.",
    "transposed": "It behaves as if one side of a matrix product were transposed.",
    "sides": "It behaves as if the two sides of a matrix product were exchanged.",
    "index": "It behaves as if an index were left out.",
    "index axis": "It behaves as if an index stood on another axis.",
    "power": "It behaves as if a power were left out.", "doubled": "It behaves as if a power were a factor.",
    "upside down": "It behaves as if a fraction were upside down.",
    "not rounded": "It behaves as if a division were not rounded down.",
    "minus": "A sign: it behaves as if a minus were left out.",
    "lines": "It behaves as if two lines stood in the other order.",
    "alone": "It behaves as if one term of a sum came out alone, and without its factor.",
    "one minus": "It behaves as if `1 -` were left out.",
    "times": "It behaves as if a product stood where a sum belongs.",
    "plus": "It behaves as if a sum stood where a product belongs.",
    "every row": "It behaves as if every row were taken at each of these places.",
}  # fmt: skip
NAMELESS = {
    "factor": "It behaves as if a factor were left out.", "divisor": "It behaves as if a divisor were left out.",
    "condition": "It behaves as if a condition were missing.",
}  # fmt: skip


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
