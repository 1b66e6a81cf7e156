# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The generated source -> the code that is run, without what the program as a whole makes superfluous.

The generator writes every construct in full, wherever it stands. What can then be known, is never read, or is read on
one way only, is found here by going over it forwards with constants and backwards with liveness, and both again.
"""

import ast
from itertools import groupby
from types import CodeType

from p4dmm.softswitch.errors import UnsupportedProgramError
from p4dmm.softswitch.opt_constants import Constants
from p4dmm.softswitch.opt_effects import Effects
from p4dmm.softswitch.opt_liveness import Liveness

__all__ = ["compiled", "optimized"]

ROUNDS = 2


def compiled(source: str) -> CodeType:
    """The code of the optimized module.

    Raises UnsupportedProgramError where conditions are nested too deeply, of which an else if is a kind.
    """
    try:
        return compile(optimized(source), "<softswitch pipeline>", "exec")
    except RecursionError:
        raise UnsupportedProgramError("some hundreds of alternatives one after another are not supported") from None


def optimized(source: str) -> ast.Module:
    """The module of generate(), faster."""
    tree = ast.parse(source)
    (make,) = tree.body
    assert isinstance(make, ast.FunctionDef)
    egress, process = (node for node in make.body if isinstance(node, ast.FunctionDef))
    effects = Effects()
    needed = set(effects.names(_optimize(egress, effects)))
    kept = [position for position, arg in enumerate(egress.args.args) if arg.arg in needed]
    egress.args.args = [egress.args.args[position] for position in kept]
    for call in ast.walk(process):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == egress.name:
            call.args = [call.args[position] for position in kept]
    _optimize(process, effects)
    for function in (egress, process):
        function.body = _grouped(function.body)
    effects.forget()
    _begin_with_constants(process, effects)
    return ast.fix_missing_locations(tree)


def _optimize(function: ast.FunctionDef, effects: Effects) -> int:
    """Do it in place; returns what the function needs from outside."""
    needed = 0
    for _ in range(ROUNDS):
        effects.forget()
        body, _ = Constants(effects).block(function.body, {})
        effects.forget()
        function.body, needed = Liveness(effects).block(body, 0)
    return needed


def _grouped(body: list[ast.stmt]) -> list[ast.stmt]:
    """One condition for neighbours `x = ... if c else 0` that have it in common."""
    out: list[ast.stmt] = []
    for condition, run in groupby(body, key=_condition):
        statements = list(run)
        if condition is None or len(statements) == 1:
            out += statements
            continue
        assigns = [statement for statement in statements if isinstance(statement, ast.Assign)]
        targets = [target for assign in assigns for target in assign.targets]
        for assign in assigns:
            assert isinstance(assign.value, ast.IfExp)
            assign.value = assign.value.body
        out.append(ast.If(ast.Name(condition, ast.Load()), statements, [ast.Assign(targets, ast.Constant(0))]))
    return out


def _condition(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign([ast.Name(name)], ast.IfExp(ast.Name(condition), _, ast.Constant(0))) if name != condition:
            return condition
        case _:
            return None


def _begin_with_constants(process: ast.FunctionDef, effects: Effects) -> None:
    """Variables that begin as constants are parameters with defaults, which cost less than assignments."""
    body: list[ast.stmt] = []
    before = effects.written([ast.Name(arg.arg) for arg in process.args.args])
    for statement in process.body:
        read, written, _ = effects.touched(statement)
        match statement:
            case ast.Assign(targets, ast.Constant() as value) if len(targets) > 1 and not written & before:
                names = [target.id for target in targets if isinstance(target, ast.Name)]
                process.args.args += [ast.arg(name) for name in names]
                process.args.defaults += [value] * len(names)
            case _:
                body.append(statement)
        before |= read | written
    process.body = body
