"""The syntax tree of a function from its source: of a `def`, or of a lambda in the middle of a line."""

import ast
import contextlib
import inspect
import textwrap


def definition(function):
    """The FunctionDef or Lambda node of a function; its line numbers are those of the file."""
    lines, start = inspect.getsourcelines(function)
    text, code = textwrap.dedent("".join(lines)), function.__code__
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a lambda in the middle of a larger expression
        tree = _parsed_anyhow(text.strip())
    wanted = ast.Lambda if function.__name__ == "<lambda>" else ast.FunctionDef
    found = [node for node in ast.walk(tree) if type(node) is wanted]
    if wanted is ast.FunctionDef:
        found = [node for node in found if node.name == function.__name__]
    else:  # several in one line: the one with the same parameters and the same names
        found = [node for node in found if _alike(node, code)]
        if len(found) > 1:
            found = []
    if not found:
        raise TypeError("the source of this function cannot be told.")
    shift = max(start, 1) - 1
    if shift:
        ast.increment_lineno(found[0], shift)
    return found[0]


def _alike(node, code):
    arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    compiled = eval(compile(ast.fix_missing_locations(ast.Expression(node)), "<lambda>", "eval"), {}).__code__
    count = code.co_argcount + code.co_kwonlyargcount
    return list(code.co_varnames[:count]) == arguments and compiled.co_names == code.co_names


def _parsed_anyhow(text):
    text = text[max(text.find("lambda"), 0) :]
    for end in range(len(text), 0, -1):
        with contextlib.suppress(SyntaxError):
            return ast.parse(text[:end], mode="eval")
    raise TypeError("the source of this function cannot be told.")
