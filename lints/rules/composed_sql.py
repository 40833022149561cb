"""SQL is never put together in a function: whatever varies is a parameter, whatever is constant is a constant."""

import ast
from collections.abc import Iterator

from lints.source import Finding, Source

ALWAYS_SQL = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "exec_driver_sql"}
SQL_OF_A_TRANSACTION = {"one", "all", "value", "run"}
TRANSACTIONS = {"tx", "connection"}
SAYS = (
    "SQL is put together here: pass what varies as $1, $2…; a list of columns or names belongs in a constant"
    " of the module"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def look(source: Source) -> Iterator[Finding]:
    if not source.inside("src"):
        return
    for function in ast.walk(source.tree):
        if isinstance(function, Function):
            yield from _in_function(source, function)


def _in_function(source: Source, function: Function) -> Iterator[Finding]:
    nodes = list(_own_nodes(function))
    composed = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _is_composed(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if not (isinstance(node, ast.Call) and _runs_sql(node) and node.args):
            continue
        sql = node.args[0]
        if _is_composed(sql) or (isinstance(sql, ast.Name) and sql.id in composed):
            yield source.finding(node.lineno, SAYS)


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """Without those of functions inside it, which get their own turn."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Function):
            yield node
            waiting += ast.iter_child_nodes(node)


def _runs_sql(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    receiver = call.func.value
    name = (
        receiver.id if isinstance(receiver, ast.Name) else receiver.attr if isinstance(receiver, ast.Attribute) else ""
    )
    return call.func.attr in ALWAYS_SQL or (call.func.attr in SQL_OF_A_TRANSACTION and name.lstrip("_") in TRANSACTIONS)


def _is_composed(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(op=ast.Mod() | ast.Add(), left=left, right=right):
            return _is_text(left) or _is_text(right)
        case ast.Call(func=ast.Attribute(attr="format" | "format_map" | "join", value=value)):
            return _is_text(value) or isinstance(value, ast.Name)
    return False


def _is_text(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        or (isinstance(node, ast.BinOp) and _is_composed(node))
    )
