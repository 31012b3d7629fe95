"""Shorter formulas that do nearly the same: parts are left out, each time the one that is missed least."""

from __future__ import annotations

import math
from collections.abc import Iterator

import sympy
import torch

from kansr.formula.dual import evaluate_dual
from kansr.formula.rewrite import complexity
from kansr.search.finishing import Finished, Finisher
from kansr.search.least_squares import least_squares

__all__ = ["cut"]

# Of all parts that could go, so many are tried with refitted constants.
_TRIED = 4


def cut(finished: Finished, nodes: int, finisher: Finisher) -> Finished | None:
    """The formula with parts left out until it is short enough, finished again.

    Args:
        finished: A formula of any length.
        nodes: Most nodes that it may keep.
        finisher: Fits and finishes.

    Returns:
        The short formula; None if the time was up before, or finishing made it longer again.
    """
    while complexity(finished.expression) > nodes:
        trials = [finisher.fit(trial, finisher.sample) for trial in _trials(finished.expression, finisher)]
        if finisher.closing() or not trials:
            return None
        finished = min(trials, key=lambda f: f.length)
    finished = finisher(finished.expression)
    return finished if complexity(finished.expression) <= nodes else None


def _trials(expression: sympy.Expr, finisher: Finisher) -> list[sympy.Expr]:
    """The most promising shorter expressions, as they are and with a factor and a constant term of their own."""
    parts = [(error, part) for part in _parts(expression) if (error := _error(part, finisher)) < math.inf]
    free = sympy.Float(1.5)  # any number but one, which would be left out: the fit is linear in it
    trials: dict[sympy.Expr, None] = {}
    for _, part in sorted(parts, key=lambda item: (item[0], complexity(item[1])))[:_TRIED]:
        for trial in (part, free * part, part + free, free * part + free):
            trials[finisher.canonical(trial)] = None
    return [trial for trial in trials if complexity(trial) < complexity(expression)]


def _parts(expression: sympy.Expr) -> Iterator[sympy.Expr]:
    """What is left without one term, one factor, one exponent or one function."""
    for node in dict.fromkeys(sympy.preorder_traversal(expression)):
        if node.is_Add or node.is_Mul:
            for argument in node.args:
                yield expression.xreplace({node: node.func(*(a for a in node.args if a is not argument))})
        elif not node.is_Atom:
            yield expression.xreplace({node: node.args[0]})


def _error(part: sympy.Expr, finisher: Finisher) -> float:
    """Mean square error that is left when a part is scaled and shifted to fit the sample; infinite where it cannot."""
    rows = finisher.sample
    value, _ = evaluate_dual(part, rows.columns, {}, torch.empty(0, dtype=torch.float64))
    design = torch.stack([torch.ones_like(rows.y), value.expand(len(rows.y))], 1)
    if not bool(design.isfinite().all()):
        return math.inf
    size = design.square().mean(0).sqrt()
    design = design / size.clamp_min(1e-300)
    design, target = rows.weigh(design.T).T, rows.weigh(rows.y)
    solution = least_squares(design, target)
    return float((design @ solution - target).square().mean())
