"""Faults of formulas inside a box: known ones, and random formulas against their values at random points."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings

from kansr.formula.domain import DomainCheck, Trouble, Verdict, check_domain
from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression
from tests.formula.expressions import WITHOUT_VALUE, all_expressions
from tests.formula.test_interval import boxes

Ranges = dict[str, tuple[float, float]]


def check(text: str, **ranges: tuple[float, float]) -> DomainCheck:
    return check_domain(parse_expression(text, ranges), ranges)


@pytest.mark.parametrize(
    ("text", "ranges", "trouble", "point"),
    [
        ("1/(x - 0.31)", {"x": (0, 1)}, Trouble.POLE, {"x": 0.31}),
        ("1/(x - 0.31)**2", {"x": (0, 1)}, Trouble.POLE, {"x": 0.31}),
        ("y + 1/(x - 0.31)", {"x": (0, 1), "y": (2, 3)}, Trouble.POLE, {"x": 0.31}),
        ("1/(x**2 + 9*x - 10)", {"x": (0, 3)}, Trouble.POLE, {"x": 1.0}),
        ("1/(exp(x) - 1)", {"x": (-1, 2)}, Trouble.POLE, {"x": 0.0}),
        ("1/(x - 1e9)", {"x": (1e9 - 1, 1e9 + 2)}, Trouble.POLE, {"x": 1e9}),
        ("1/(x + y)", {"x": (0, 1), "y": (0, 1)}, Trouble.POLE, {"x": 0.0, "y": 0.0}),
        ("tan(3*x)", {"x": (0, 1)}, Trouble.POLE, {"x": math.pi / 6}),
        ("log(x + y)", {"x": (0, 1), "y": (0, 1)}, Trouble.POLE, {"x": 0.0, "y": 0.0}),
        ("gamma(x)", {"x": (-1.7, -0.6)}, Trouble.POLE, {"x": -1.0}),
        ("1/besselj(0, x)", {"x": (0, 5)}, Trouble.POLE, {"x": 2.404825557695773}),
        ("sqrt((x - 0.3)*(x - 0.31))", {"x": (0, 1)}, Trouble.UNREAL, None),
        ("log(cos(x*y) + 0.99)", {"x": (0, 2), "y": (0, 2)}, Trouble.UNREAL, None),
        ("a/sqrt(1 - v**2/9)", {"a": (1, 5), "v": (0.5, 3.5)}, Trouble.UNREAL, {"v": 3.5}),
        ("sqrt(a*b - c*d)", {"a": (0, 1), "b": (0, 1), "c": (0, 1), "d": (0, 1)}, Trouble.UNREAL, None),
        ("asin(x*y)", {"x": (0, 1.1), "y": (0, 1)}, Trouble.UNREAL, None),
        ("x**1.3", {"x": (-1, 1)}, Trouble.UNREAL, None),
        ("x**y", {"x": (-1, 1), "y": (1, 2)}, Trouble.UNREAL, None),
        ("LambertW(x)", {"x": (-0.5, 1)}, Trouble.UNREAL, {"x": -0.5}),
        ("exp(400*x*y)", {"x": (0, 1), "y": (0, 2)}, Trouble.OVERFLOW, {"x": 1.0, "y": 2.0}),
        ("gamma(x)", {"x": (1, 300)}, Trouble.OVERFLOW, {"x": 300.0}),
    ],
)
def test_a_fault_is_found(text: str, ranges: Ranges, trouble: Trouble, point: dict[str, float] | None) -> None:
    fault = check(text, **ranges).fault
    assert fault is not None
    assert fault.trouble is trouble
    if point is not None:
        assert fault.point == pytest.approx(point, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("2.5", {}),
        ("a/sqrt(1 - v**2/9)", {"a": (1, 5), "v": (0.5, 2.5)}),
        ("1/(x**2 - x + 1)", {"x": (-3, 3)}),
        ("x/(exp(x) - 1)", {"x": (0.1, 3)}),
        ("G*m*n/((a - b)**2 + (c - d)**2)", {"G": (1, 2), "m": (1, 2), "n": (1, 2), "a": (3, 4), "b": (1, 2),
                                             "c": (1, 4), "d": (1, 2)}),
        ("1/(besselj(0, x) + 0.5)", {"x": (0, 15)}),
        ("x**y", {"x": (0.1, 2), "y": (-3, 3)}),
        ("erf(x) + loggamma(x) + LambertW(x)", {"x": (0.1, 50)}),
    ],
)  # fmt: skip
def test_a_sound_formula_is_proven(text: str, ranges: Ranges) -> None:
    assert check(text, **ranges) == DomainCheck(Verdict.SAFE)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        # gaps that can be closed
        ("sin(x)/x", {"x": (-1, 1)}),
        ("besselj(1, x - y)/(x - y)", {"x": (-1, 1), "y": (-1, 1)}),
        ("(a - b)/(a**2 - b**2)", {"a": (0.1, 1.3), "b": (0.1, 1.3)}),
        ("x*log(x)", {"x": (0, 1)}),
        ("1/(1 + 1/x)", {"x": (-0.5, 1)}),
        # finite, with a jump or an infinite argument inside
        ("atan(1/x)", {"x": (-1, 1)}),
        ("exp(-1/x**2)", {"x": (-1, 1)}),
        ("1/(1 + exp(x))", {"x": (-5000, 5000)}),
        # zeros that are only touched, where rounding decides
        ("sqrt(a**2 + b**2 - 2*a*b)", {"a": (0.1, 1.3), "b": (0.1, 1.3)}),
        ("sqrt(x**2 - 0.62*x + 0.0961)", {"x": (0.1, 1.3)}),
        ("asin(x/3)", {"x": (-3, 3)}),
    ],
)
def test_there_are_no_false_alarms(text: str, ranges: Ranges) -> None:
    assert check(text, **ranges).fault is None


def around(expression: sympy.Expr, ranges: Ranges, point: dict[str, float], distance: float) -> np.ndarray:
    """Sizes of a formula at a share of the box from a point; symbols that do not matter are anywhere."""
    generator = np.random.default_rng(8)
    columns = {}
    for name, (low, high) in ranges.items():
        columns[name] = generator.uniform(low, high, 400)
        if name in point:
            step = distance * (high - low) * generator.uniform(-1, 1, 400)
            columns[name] = np.clip(point[name] + step, low, high)
    return np.abs(evaluate(expression, columns))


@given(all_expressions, boxes)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_verdicts_hold_for_random_formulas(expression: sympy.Expr, box: dict[str, list[float]]) -> None:
    assume(not expression.has(*WITHOUT_VALUE))
    assume(expression.free_symbols)
    ranges = {name: (low, high) for name, (low, high) in box.items()}
    found = check_domain(expression, ranges, most=300)
    generator = np.random.default_rng(7)
    inside = {name: np.append(generator.uniform(low, high, 200), [low, high]) for name, (low, high) in ranges.items()}
    values = evaluate(expression, inside)
    if found.verdict is Verdict.SAFE:
        assert np.isfinite(values).all()
    if found.fault is not None:
        assert found.verdict is Verdict.FAULT
        point = dict(found.fault.point)
        assert all(ranges[name][0] <= value <= ranges[name][1] for name, value in point.items())
        close, apart = (around(expression, ranges, point, distance) for distance in (1e-11, 1e-3))
        at = around(expression, ranges, point, 0.0)
        assert not np.isfinite([at, close, apart]).all() or close.max() > 100 * apart.min()


def test_the_work_is_bounded() -> None:
    """A zero set that cannot be decided, in many dimensions."""
    names = "abcdefgh"
    text = "sqrt(" + " + ".join(f"({n} - {m})**2" for n, m in pairwise(names)) + ")*sin(a)/a"
    ranges = dict.fromkeys(names, (-1.0, 1.0))
    assert check(text, **ranges).verdict is Verdict.UNDECIDED
    assert check_domain(parse_expression("sin(x)/x", ["x"]), {"x": (-1, 2)}, most=1).verdict is Verdict.UNDECIDED
