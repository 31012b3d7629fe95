"""The function library: the names that an edge may be given.

Reflected forms (`log(b - x)`) need no entries of their own: they are starts with `a = -1`. Special functions are tried
only where the user names them: each costs time, and most tables know nothing of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import sympy
import torch
from torch import Tensor

from kansr.errors import ConfigError, did_you_mean
from kansr.functions import special, starts
from kansr.functions.function import Function, Head, Inner
from kansr.text import brief

__all__ = ["IDENTITY", "LIBRARY", "STANDARD", "ZERO", "allowed_heads", "select", "without_twins"]

ZERO = Function("0", torch.zeros_like, torch.zeros_like, lambda u: sympy.Integer(0), Inner.NONE, starts.fixed(), 0, "0")
IDENTITY = Function("x", lambda u: u, torch.ones_like, lambda u: u, Inner.NONE, starts.fixed(), 1, "u")


def _power(numerator: int, denominator: int = 1) -> Function:
    """`u**p` for an integer or half-integer `p`, on the branch that is real."""
    exponent = sympy.Rational(numerator, denominator)
    p = numerator / denominator
    root = denominator != 1
    name = {(1, 2): "sqrt", (-1, 2): "1/sqrt"}.get((numerator, denominator), f"x^{exponent}")
    if root:
        grid, domain = starts.shifts(), "u > 0"
    elif p < 0:
        grid, domain = starts.poles(), "u != 0"
    else:
        grid, domain = starts.inside(), "all real numbers"
    exact = p if root else numerator
    return Function(
        name,
        lambda u: u**exact,
        lambda u: p * u ** (exact - 1),
        lambda u: u**exponent,
        Inner.SHIFT,
        grid,
        2 + (abs(p) > 2) + root,
        f"u^{{{sympy.latex(exponent)}}}",
        domain,
    )


def _sech2(u: Tensor) -> Tensor:
    return 1 - torch.tanh(u) ** 2


def _logistic_slope(u: Tensor) -> Tensor:
    s = torch.sigmoid(u)
    return s * (1 - s)


_ELEMENTARY = (
    Function("exp", torch.exp, torch.exp, sympy.exp, Inner.SCALE, starts.scales(), 2, r"e^{u}"),
    Function("log", torch.log, torch.reciprocal, sympy.log, Inner.SHIFT, starts.shifts(), 2, r"\ln u", "u > 0"),
    Function("sin", torch.sin, torch.cos, sympy.sin, Inner.AFFINE, starts.oscillating(), 3, r"\sin u"),
    Function(
        "cos",
        torch.cos,
        lambda u: -torch.sin(u),
        sympy.cos,
        Inner.AFFINE,
        starts.oscillating(),
        3,
        r"\cos u",
        twin="sin",
    ),
    Function(
        "tan",
        torch.tan,
        lambda u: 1 + torch.tan(u) ** 2,
        sympy.tan,
        Inner.AFFINE,
        starts.steps(),
        4,
        r"\tan u",
        "u != pi/2 + k*pi",
    ),
    Function(
        "asin",
        torch.asin,
        lambda u: torch.rsqrt(1 - u * u),
        sympy.asin,
        Inner.AFFINE,
        starts.bounded(),
        4,
        r"\arcsin u",
        "-1 <= u <= 1",
    ),
    Function(
        "acos",
        torch.acos,
        lambda u: -torch.rsqrt(1 - u * u),
        sympy.acos,
        Inner.AFFINE,
        starts.bounded(),
        4,
        r"\arccos u",
        "-1 <= u <= 1",
        "asin",
    ),
    Function("atan", torch.atan, lambda u: 1 / (1 + u * u), sympy.atan, Inner.AFFINE, starts.steps(), 4, r"\arctan u"),
    Function("sinh", torch.sinh, torch.cosh, sympy.sinh, Inner.AFFINE, starts.steps(), 4, r"\sinh u"),
    Function("cosh", torch.cosh, torch.sinh, sympy.cosh, Inner.AFFINE, starts.steps(), 4, r"\cosh u"),
    Function("tanh", torch.tanh, _sech2, sympy.tanh, Inner.AFFINE, starts.steps(), 4, r"\tanh u"),
    Function(
        "asinh",
        torch.asinh,
        lambda u: 1 / torch.hypot(u, torch.ones_like(u)),
        sympy.asinh,
        Inner.AFFINE,
        starts.steps(),
        4,
        r"\operatorname{arsinh} u",
    ),
    Function("abs", torch.abs, torch.sign, sympy.Abs, Inner.SHIFT, starts.inside(), 3, r"\left|u\right|"),
    Function(
        "gauss",
        lambda u: torch.exp(-u * u),
        lambda u: -2 * u * torch.exp(-u * u),
        lambda u: sympy.exp(-(u**2)),
        Inner.AFFINE,
        starts.steps(),
        5,
        r"e^{-u^2}",
    ),
    Function(
        "sigmoid",
        torch.sigmoid,
        _logistic_slope,
        lambda u: 1 / (1 + sympy.exp(-u)),
        Inner.AFFINE,
        starts.steps(),
        6,
        r"\frac{1}{1 + e^{-u}}",
        twin="tanh",
    ),
)
_POWERS = tuple(_power(p) for p in (2, 3, 4, 5, 6, -1, -2, -3, -4)) + tuple(
    _power(p, 2) for p in (1, -1, 3, -3, 5, -5, 7, -7)
)

_SPECIAL = (
    Function(
        "J0",
        special.bessel_j0,
        lambda u: -special.bessel_j1(u),
        lambda u: sympy.besselj(0, u),
        Inner.AFFINE,
        starts.ripples(),
        4,
        r"J_0(u)",
    ),
    Function(
        "J1",
        special.bessel_j1,
        special.bessel_j1_slope,
        lambda u: sympy.besselj(1, u),
        Inner.AFFINE,
        starts.ripples(),
        4,
        r"J_1(u)",
    ),
    Function(
        "erf",
        torch.special.erf,
        special.erf_slope,
        sympy.erf,
        Inner.AFFINE,
        starts.steps(),
        4,
        r"\operatorname{erf} u",
    ),
    Function(
        "gamma",
        special.gamma,
        special.gamma_slope,
        sympy.gamma,
        Inner.AFFINE,
        starts.stretched_shifts(),
        4,
        r"\Gamma(u)",
        "u != 0, -1, -2, ...",
    ),
    Function(
        "loggamma",
        special.log_gamma,
        special.digamma,
        sympy.loggamma,
        Inner.AFFINE,
        starts.stretched_shifts(),
        4,
        r"\ln \Gamma(u)",
        "u > 0",
    ),
    Function(
        "W",
        special.lambert_w,
        special.lambert_w_slope,
        sympy.LambertW,
        Inner.AFFINE,
        starts.stretched_shifts(-math.exp(-1)),
        4,
        r"W(u)",
        "u >= -1/e",
    ),
)

# What is searched unless the user says otherwise.
STANDARD: Mapping[str, Function] = MappingProxyType({f.name: f for f in (ZERO, IDENTITY, *_POWERS, *_ELEMENTARY)})
LIBRARY: Mapping[str, Function] = MappingProxyType({**STANDARD, **{f.name: f for f in _SPECIAL}})
# Stands for all standard functions in a list of names.
_GROUP = "standard"


def select(names: Iterable[str] | None, exclude: Iterable[str] = ()) -> Mapping[str, Function]:
    """The part of the library that the user asked for; zero and identity are always in.

    Args:
        names: Names of functions, or `standard` for all of `STANDARD`; that is also what None stands for.
        exclude: What may not appear, with its twin and with all that is written with it: without `exp` there is no
            `gauss`.

    Raises:
        ConfigError: If a name is not in the library, or zero or the identity is to be left out.
    """
    chosen = {f.name: f for f in (ZERO, IDENTITY)}
    for name in (_GROUP,) if names is None else names:
        chosen |= STANDARD if name == _GROUP else {name: _find(name, "--functions")}
    for name in exclude:
        left_out = _find(name, "--exclude")
        if left_out in (ZERO, IDENTITY):
            message = f"--exclude: '{name}' cannot be left out"
            raise ConfigError(message, "every formula may be made of numbers and columns; leave out other functions")
        gone = {f.head for f in LIBRARY.values() if f.family == left_out.family} - {None}
        chosen = {n: f for n, f in chosen.items() if f.family != left_out.family and not f.heads & gone}
    return MappingProxyType(chosen)


def _find(name: str, option: str) -> Function:
    if name in LIBRARY:
        return LIBRARY[name]
    known = [*LIBRARY, _GROUP] if option == "--functions" else [*LIBRARY]
    groups = f"'{_GROUP}' stands for the standard ones; " if _GROUP in known else ""
    hint = did_you_mean(name, known) or f"{groups}the library has {', '.join(LIBRARY)}"
    raise ConfigError(f"{option}: there is no function {brief(name)}", hint)


def allowed_heads(functions: Mapping[str, Function]) -> frozenset[Head]:
    """SymPy's functions that a formula may hold if these may appear: what they and their twins are written with."""
    families = {f.family for f in functions.values()}
    twins = {f.head for f in LIBRARY.values() if f.family in families and f.head is not None}
    return frozenset(twins).union(*(f.heads for f in functions.values()))


def without_twins(functions: Mapping[str, Function]) -> list[Function]:
    """The functions that differ by more than constants."""
    return [f for f in functions.values() if f.twin not in functions]
