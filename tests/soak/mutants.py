"""Which small changes of a module should some test notice?

Each mutant is one change of an operator, a constant, a condition, a loop, a call or a statement, inside functions and
outside. Left alone: annotations, decorators, docstrings, texts for people (strings with a space), the words of errors.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS: dict[type[ast.AST], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: (r"is\s+not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: (r"not\s+in", ("in",)),
    ast.And: ("and", ("or",)),
    ast.Or: ("or", ("and",)),
    ast.Add: (r"\+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: (r"\*", ("/",)),
    ast.Div: ("/", ("*",)),
    ast.FloorDiv: ("//", ("/",)),
    ast.Mod: ("%", ("*",)),
    ast.Pow: (r"\*\*", ("*",)),
    ast.BitAnd: ("&", ("|",)),
    ast.BitOr: (r"\|", ("&",)),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
}
PAIRS = (
    *(("min", "max"), ("any", "all"), ("floor", "ceil"), ("argmin", "argmax"), ("minimum", "maximum")),
    *(("zeros", "ones"), ("left", "right"), ("union", "intersection"), ("append", "remove")),
)
OTHER_NAME = {**dict(PAIRS), **{second: first for first, second in PAIRS}}
WORD = re.compile(r"[\w.:/%+-]+")

Edit = tuple[int, int, str]
Positioned = ast.expr | ast.stmt | ast.keyword | ast.pattern


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one change. line: where it is; was, now: the text of the lines it is on, without and with it."""

    line: int
    was: str
    now: str
    source: bytes


def mutants(source: bytes) -> list[Mutant]:
    """All mutants of a module, in the order of their places; each differs from the module and from the others."""
    tree = ast.parse(source)
    found = [_mutant(source, edit) for edit in sorted(set(_Edits(source).of(tree)))]
    return [mutant for mutant in found if ast.dump(ast.parse(mutant.source)) != ast.dump(tree)]


def _mutant(source: bytes, edit: Edit) -> Mutant:
    start, end, text = edit
    before, after = source[:start].rpartition(b"\n")[2], source[end:].partition(b"\n")[0]
    was, now = _on_one_line(before + source[start:end] + after), _on_one_line(before + text.encode() + after)
    return Mutant(source.count(b"\n", 0, start) + 1, was, now, source[:start] + text.encode() + source[end:])


def _on_one_line(text: bytes) -> str:
    return " ".join(text.decode().split())


class _Edits:
    """Edits of a source: byte from, byte to, and what comes in their place."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.line_starts = [0, *(at + 1 for at, byte in enumerate(source) if byte == 10)]

    def start(self, node: Positioned) -> int:
        return self.line_starts[node.lineno - 1] + node.col_offset

    def end(self, node: Positioned) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.line_starts[node.end_lineno - 1] + node.end_col_offset

    def instead(self, node: Positioned, *texts: str) -> Iterator[Edit]:
        for text in texts:
            yield self.start(node), self.end(node), text

    def between(self, left: Positioned, operator: ast.AST, right: Positioned) -> Iterator[Edit]:
        """Other operators in place of the one between two operands."""
        written, others = OPERATORS.get(type(operator), ("", ()))
        if found := re.compile(written.encode()).search(self.source, self.end(left), self.start(right)):
            yield from ((found.start(), found.end(), other) for other in others)

    def of(self, node: ast.AST) -> Iterator[Edit]:
        """Edits of a node and of all below it that may be changed."""
        yield from self.here(node)
        for inner in _changeable(node):
            yield from self.of(inner)

    def here(self, node: ast.AST) -> Iterator[Edit]:
        match node:
            case ast.Constant():
                yield from self.instead(node, *_other_constants(node.value))
            case ast.JoinedStr():
                yield from self.instead(node, '""')
            case ast.Call():
                yield from self.of_call(node)
            case ast.expr():
                yield from self.of_operation(node)
            case ast.AugAssign() | ast.Break() | ast.Continue() | ast.Raise() | ast.Expr() | ast.Return():
                yield from self.of_statement(node)
            case _:
                yield from self.of_branch(node)

    def of_operation(self, node: ast.expr) -> Iterator[Edit]:
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
                    yield from self.between(left, operator, right)
            case ast.BinOp():
                yield from self.between(node.left, node.op, node.right)
            case ast.BoolOp():
                for left, right in zip(node.values, node.values[1:], strict=False):
                    yield from self.between(left, node.op, right)
            case ast.UnaryOp():
                written = {ast.Not: "not ", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(node.op)]
                yield self.start(node), self.start(node) + len(written), ""
            case ast.IfExp():
                yield from self.instead(node.test, "True", "False")

    def of_branch(self, node: ast.AST) -> Iterator[Edit]:
        match node:
            case ast.If():
                yield from self.instead(node.test, "True", "False")
            case ast.While():
                yield from self.instead(node.test, "False")
            case ast.For():
                yield from self.instead(node.iter, "()")
            case ast.comprehension():
                for condition in node.ifs:
                    yield from self.instead(condition, "True")
            case ast.match_case(guard=None):
                yield self.end(node.pattern), self.end(node.pattern), " if False"
            case ast.ExceptHandler(type=ast.expr() as caught):
                yield from self.instead(caught, "()")

    def of_call(self, node: ast.Call) -> Iterator[Edit]:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in OTHER_NAME:
            yield self.end(node.func) - len(name), self.end(node.func), OTHER_NAME[name]
        for keyword in node.keywords:
            if keyword.arg == "dtype":  # NumPy finds the same one, or the numbers stay the same
                continue
            comma = re.compile(rb"\s*,").match(self.source, self.end(keyword))
            yield self.start(keyword), comma.end() if comma else self.end(keyword), ""

    def of_statement(self, node: ast.stmt) -> Iterator[Edit]:
        match node:
            case ast.AugAssign():
                yield from self.between(node.target, node.op, node.value)
                yield from self.instead(node, "pass")
            case ast.Break():
                yield from self.instead(node, "continue")
            case ast.Continue():
                yield from self.instead(node, "break")
            case ast.Raise() | ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
                yield from self.instead(node, "pass")
            case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
                yield from self.instead(node, "return None")


def _changeable(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below that are code which runs, rather than annotation or text for people."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None)
            yield from node.body
        case ast.ClassDef():
            yield from node.body
        case ast.AnnAssign():
            yield from (node.value,) if node.value is not None else ()
        case ast.JoinedStr() | ast.Raise() | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            pass
        case _:
            yield from ast.iter_child_nodes(node)


def _other_constants(value: object) -> tuple[str, ...]:
    match value:
        case bool():
            return (repr(not value),)
        case int():
            return (repr(value + 1), repr(value - 1))
        case float():
            return (repr(value * 1.1), repr(value * 0.9)) if value else ("1.0",)
        case str() if value in OTHER_NAME:
            return (repr(OTHER_NAME[value]),)
        case str() if not value or WORD.fullmatch(value):
            return (repr(f"XX{value}"),)
    return ()
