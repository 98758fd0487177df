"""Mutants: a module with one small mistake in it, of the kinds that people make; each is a change of its syntax tree.

Left alone is what no outcome on one database connection can show: imports, annotations, docstrings, the schema (the
migrations make it, and the constraints have tests), locks and loading hints (`make prove-races` shows the locks).

Our own, after a trial of what there is: mutmut (3.8) passes over decorated functions, which is every operation, and
over what stands outside of functions; cosmic-ray (8.7) starts the tests anew for each mutant, some 10 s here, and four
in five of its mutants swap an operator for each of the others; mutatest (3.1) works in the checkout's own __pycache__.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
}
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Calls that hand on what they are called on, a little changed.
REFINEMENTS = frozenset(
    ["where", "filter_by", "order_by", "group_by", "limit", "offset", "distinct", "desc", "quantize"]
    + ["strip", "lstrip", "rstrip", "lower", "upper", "casefold", "removeprefix", "removesuffix", "replace"]
)
CONDITIONS = frozenset(["where", "and_", "or_"])
IN_ANY_ORDER = CONDITIONS | {"min", "max", "Annotated", "group_by"}
SCHEMA = frozenset(["relationship", "CheckConstraint", "Index", "UniqueConstraint", "ForeignKey", "_one_of"])
SCHEMA_FIELDS = frozenset(["__tablename__", "__table_args__"])
BEHAVIOUR_OF_COLUMNS = frozenset(["default", "onupdate"])
HINTS = frozenset(["with_for_update", "execution_options", "options", "TypeVar"])
HINT_KEYWORDS = frozenset(["strict"])  # of zip(): says that lists are equally long, which they are


@dataclass(frozen=True)
class Mutant:
    """One mistake: `name` tells it, `function` is where (empty: outside of any), `line` in the module as it is."""

    module: str
    name: str
    function: str
    line: int
    place: tuple[ast.AST, str, int | None]
    change: ast.AST | None

    def code(self, tree: ast.Module) -> CodeType:
        """The module with the mistake, compiled; `tree` is the one that the mutant is of, and keeps the mistake."""
        parent, field, number = self.place
        if self.change is None:
            del getattr(parent, field)[number]
        elif number is None:
            setattr(parent, field, self.change)
        else:
            getattr(parent, field)[number] = self.change
        return compile(ast.fix_missing_locations(tree), self.module, "exec")


def mutants_of(module: str, root: Path) -> tuple[ast.Module, list[Mutant]]:
    """A module's tree and all its mutants, in the order of their lines; the same each time."""
    tree = ast.parse((root / module).read_text())
    seen: Counter[str] = Counter()
    found = []
    for function, where, old, place, change, kind in _changes(tree):
        told = f"{where or 'module'}: {kind}: {_short(old)}" + ("" if change is None else f" -> {_short(change)}")
        seen[told] += 1
        name = told if seen[told] == 1 else f"{told} (no. {seen[told]})"
        found.append(Mutant(module, name, function, old.lineno, place, change))
    return tree, found


def _short(node: ast.AST) -> str:
    line = " ".join(ast.unparse(node).split())
    return line if len(line) <= 70 else line[:67] + "…"


# function, told as, what is there, its place (parent, field, number), what comes instead (None: nothing), kind
Change = tuple[str, str, ast.AST, tuple[ast.AST, str, int | None], ast.AST | None, str]


def _changes(node: ast.AST, function: str = "", where: str = "") -> Iterator[Change]:
    """All mistakes below a node. `function` is the outermost around it, `where` that or a class or a name outside."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "format_spec"):
            continue
        for number, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_left_alone(child, node):
                continue
            # The values of a function's defaults are worked out where it is made, outside of it.
            is_inside = isinstance(node, ast.FunctionDef) and field == "body"
            own = function or (where if is_inside else "")
            told = where if own or not (name := _defined(child)) else f"{where}.{name}".lstrip(".")
            for kind, change in _instead_of(child, node):
                yield own, told, child, (node, field, number), ast.copy_location(change, child), kind
            for kind, place in _parts_left_out(child):
                yield own, told, child, place, None, kind
            yield from _changes(child, own, told)


def _defined(node: ast.AST) -> str:
    """The name that a class, a function or an assignment outside of functions gives."""
    match node:
        case ast.ClassDef(name) | ast.FunctionDef(name):
            return name
        case ast.Assign([ast.Name(name)]) | ast.AnnAssign(ast.Name(name)):
            return name
    return ""


def _is_left_alone(node: ast.AST, parent: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Constant) and isinstance(parent, ast.JoinedStr):
        return True  # a sentence is taken away as a whole
    if isinstance(node, ast.Assign):
        return any(isinstance(each, ast.Name) and each.id in SCHEMA_FIELDS for each in node.targets)
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
        return True  # for the type checker
    if isinstance(node, ast.Call) and _name_of(node) in SCHEMA:
        return True
    if isinstance(node, ast.FunctionDef) and node.name in SCHEMA:
        return True
    if isinstance(parent, ast.Call) and _name_of(parent) == "mapped_column":
        return not (isinstance(node, ast.keyword) and node.arg in BEHAVIOUR_OF_COLUMNS)
    if isinstance(parent, ast.Call) and _name_of(parent) in HINTS and node is not parent.func:
        return True
    return isinstance(node, ast.keyword) and node.arg in HINT_KEYWORDS


def _name_of(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _instead_of(node: ast.AST, parent: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What could stand there by mistake."""
    match node:
        case ast.Compare(left, ops, comparators):
            for number, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    changed = [*ops[:number], other(), *ops[number + 1 :]]
                    yield "comparison", ast.Compare(left, changed, comparators)
        case ast.BinOp(left, op, right) if type(op) in ARITHMETIC:
            yield "arithmetic", ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.AugAssign(target, op, value):
            if type(op) in ARITHMETIC:
                yield "arithmetic", ast.AugAssign(target, ARITHMETIC[type(op)](), value)
            yield "left out", ast.Pass()
        case ast.BoolOp(op, values):
            yield "boolean", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(_, operand):
            yield "boolean", operand
        case ast.Constant(value) if type(value) is bool:
            yield "constant", ast.Constant(not value)
        case ast.Constant(value) if type(value) is int:
            yield "constant", ast.Constant(value + 1)
            if value > 0:
                yield "constant", ast.Constant(value - 1)
        case ast.Constant(value) if type(value) is str:
            yield "constant", ast.Constant("" if " " in value else f"{value}x")
        case ast.JoinedStr(values) if any(isinstance(each, ast.Constant) for each in values):
            yield "constant", ast.Constant("")
        case ast.Return(ast.AST() as value) if not isinstance(value, ast.Constant):
            yield "return", ast.Return(ast.Constant(None))
        case ast.Expr(ast.Call() | ast.Yield()) | ast.Raise() | ast.Delete():
            yield "left out", ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield "left out", ast.Pass()
        case ast.Break():
            yield "left out", ast.Continue()
        case ast.Continue():
            yield "left out", ast.Break()
        case ast.Call():
            yield from _other_calls(node)
    if _is_condition(node, parent) and not isinstance(node, ast.Compare | ast.UnaryOp):
        yield "negated", ast.UnaryOp(ast.Not(), node)


def _is_condition(node: ast.AST, parent: ast.AST) -> bool:
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    return isinstance(parent, ast.If | ast.IfExp | ast.While | ast.Assert) and node is parent.test


def _other_calls(call: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = _name_of(call)
    if name in HINTS:
        return
    if name in OPPOSITES and isinstance(call.func, ast.Name):
        yield "other function", ast.Call(ast.Name(OPPOSITES[name], ast.Load()), call.args, call.keywords)
    if name in REFINEMENTS and isinstance(call.func, ast.Attribute):
        yield "left out", call.func.value
    if name not in IN_ANY_ORDER:
        for number in range(len(call.args) - 1):
            one, two = call.args[number : number + 2]
            is_same = ast.dump(one) == ast.dump(two)
            if not is_same and not isinstance(one, ast.Starred) and not isinstance(two, ast.Starred):
                swapped = [*call.args[:number], two, one, *call.args[number + 2 :]]
                yield "swapped", ast.Call(call.func, swapped, call.keywords)


def _parts_left_out(node: ast.AST) -> Iterator[tuple[str, tuple[ast.AST, str, int]]]:
    """A named argument forgotten, or one of several conditions."""
    if not isinstance(node, ast.Call) or _name_of(node) in HINTS:
        return
    for number, keyword in enumerate(node.keywords):
        if keyword.arg is not None and not _is_left_alone(keyword, node):
            yield f"left out {keyword.arg}=", (node, "keywords", number)
    if _name_of(node) in CONDITIONS and len(node.args) > 1:
        for number, condition in enumerate(node.args):
            yield f"left out {_short(condition)}", (node, "args", number)


def code_of(code: CodeType, function: str) -> CodeType:
    """The code of a function, named as in `__qualname__`, inside a module's."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == function:
                return constant
            if function.startswith(f"{constant.co_qualname}."):
                return code_of(constant, function)
    raise LookupError(function)
