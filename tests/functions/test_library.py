"""Each entry of the function library against SymPy, which shares no code with it."""

from __future__ import annotations

import math

import pytest
import sympy
import torch

from kansr.errors import ConfigError
from kansr.functions import LIBRARY, STANDARD, Function, Inner, allowed_heads, select, without_twins
from kansr.kan.edges import SymbolicEdge

U = sympy.Symbol("u", real=True)
# Irrational steps: no point falls on a pole or on the end of a domain.
POINTS = torch.linspace(-3.0, 3.0, 41, dtype=torch.float64) * math.sqrt(1.037) + 0.0123
EVERY = pytest.mark.parametrize("function", LIBRARY.values(), ids=list(LIBRARY))
REQUIRED = """x 0 x^-4 x^-3 x^-2 x^-1 x^2 x^3 x^4 sqrt 1/sqrt x^3/2 x^-3/2 x^5/2 x^-5/2 x^7/2 x^-7/2 exp log sin cos
tan asin acos atan sinh cosh tanh asinh abs gauss sigmoid"""
ON_REQUEST = "J0 J1 erf gamma loggamma W"


def exact(expression: sympy.Expr, at: float) -> float:
    """SymPy's value to 30 digits, NaN where it is not real."""
    value = sympy.N(expression.subs(U, sympy.Float(at, 30)), 30)
    return float(value) if value.is_real else math.nan


def test_the_library_has_the_promised_functions() -> None:
    assert set(REQUIRED.split()) <= set(STANDARD)
    assert set(LIBRARY) == {*STANDARD, *ON_REQUEST.split()}
    assert not set(STANDARD) & set(ON_REQUEST.split())
    assert all(name == function.name for name, function in LIBRARY.items())


@EVERY
def test_value_and_domain_are_sympys(function: Function) -> None:
    expected = torch.tensor([exact(function.sympy(U), float(u)) for u in POINTS], dtype=torch.float64)
    torch.testing.assert_close(function.value(POINTS), expected, rtol=1e-13, atol=1e-15, equal_nan=True)
    assert bool(expected.isnan().any()) == (function.domain in {"u > 0", "-1 <= u <= 1", "u >= -1/e"})


@EVERY
def test_derivative_is_sympys(function: Function) -> None:
    inside = POINTS[function.value(POINTS).isfinite()]
    slope = sympy.diff(function.sympy(U), U)
    expected = torch.tensor([exact(slope, float(u)) for u in inside], dtype=torch.float64)
    torch.testing.assert_close(function.derivative(inside), expected, rtol=1e-12, atol=1e-14)


@EVERY
def test_derivative_is_the_difference_quotient(function: Function) -> None:
    inside = POINTS[function.value(POINTS).isfinite()]
    step = 1e-6
    quotient = (function.value(inside + step) - function.value(inside - step)) / (2 * step)
    torch.testing.assert_close(function.derivative(inside), quotient, rtol=1e-5, atol=1e-7)


@EVERY
def test_latex_is_that_of_the_formula(function: Function) -> None:
    assert function.latex.count("{") == function.latex.count("}")
    assert ("u" in function.latex) == function.sympy(U).has(U)


@EVERY
def test_constants_are_minimal(function: Function) -> None:
    """With all four constants free the Jacobian has no higher rank than with the function's own choice."""
    x = torch.linspace(0.2, 0.7, 60, dtype=torch.float64)[None, :]
    # the kink of abs must be among the samples; every other function is defined on them
    shift = -0.4 if function.name == "abs" else 0.15
    constants = torch.tensor([[1.3, 0.2, 0.9, shift]], dtype=torch.float64)

    def rank(edge: SymbolicEdge) -> int:
        activation = edge(x)
        block = torch.empty(1, edge.parameters.shape[1], x.shape[1], dtype=torch.float64)
        activation.fill_jacobian(block, torch.ones_like(x))
        columns = block[0] / block[0].norm(dim=1, keepdim=True).clamp_min(1e-300)
        return int(torch.linalg.matrix_rank(columns, rtol=1e-9))

    own = SymbolicEdge.of(function, constants)
    assert rank(own) == own.parameters.shape[1]
    assert rank(SymbolicEdge(function, constants, (True, True, True, True))) == rank(own)


@EVERY
def test_starts_are_usable(function: Function) -> None:
    assert function.starts.dtype == torch.float64
    assert function.starts.shape[1:] == (2,)
    x = torch.linspace(0.0, 1.0, 50, dtype=torch.float64)
    values = function.value(function.starts[:, :1] * x + function.starts[:, 1:])
    assert values.isfinite().all(1).float().mean() > 0.3


@pytest.mark.parametrize("name", ["log", "sqrt", "1/sqrt", "x^3/2", "x^-5/2"])
def test_functions_of_positive_arguments_start_reflected_too(name: str) -> None:
    x = torch.linspace(0.0, 1.0, 50, dtype=torch.float64)
    a, b = LIBRARY[name].starts.T
    assert (a == 1).any()
    assert (a == -1).any()
    assert LIBRARY[name].value(a[:, None] * x + b[:, None]).isfinite().all()


# a, b, c, d for which `c*twin(a*u + b) + d` is the function
TWINS = {"cos": (1, math.pi / 2, 1, 0), "acos": (1, 0, -1, math.pi / 2), "sigmoid": (0.5, 0, 0.5, 0.5)}


def test_a_twin_is_the_same_function_with_other_constants() -> None:
    assert {f.name for f in LIBRARY.values() if f.twin} == set(TWINS)
    for name, (a, b, c, d) in TWINS.items():
        twin = LIBRARY[str(LIBRARY[name].twin)]
        assert twin.inner is Inner.AFFINE
        torch.testing.assert_close(LIBRARY[name].value(POINTS), c * twin.value(a * POINTS + b) + d, equal_nan=True)


def test_of_two_twins_one_is_tried() -> None:
    names = {f.name for f in without_twins(LIBRARY)}
    assert names == set(LIBRARY) - set(TWINS)
    assert "cos" in {f.name for f in without_twins(select(["cos", "exp"]))}


def test_a_selection_keeps_zero_and_identity() -> None:
    assert list(select(["exp"])) == ["0", "x", "exp"]
    assert select(None) == STANDARD


def test_special_functions_are_added_by_name() -> None:
    assert list(select(["standard", "J0"])) == [*STANDARD, "J0"]
    assert select(["J0", "standard"]).keys() == {*STANDARD, "J0"}
    assert list(select(["W", "exp"])) == ["0", "x", "W", "exp"]
    assert set(select(["standard", "J0", "J1"], ["J1", "sin"])) == {*STANDARD, "J0"} - {"sin", "cos"}


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("x^2", {"x^2"}),
        ("sin", {"sin", "cos"}),
        ("cos", {"sin", "cos"}),
        ("tanh", {"tanh", "sigmoid"}),
        ("gauss", {"gauss"}),
        ("exp", {"exp", "gauss", "sigmoid"}),
        ("erf", {"erf"}),
    ],
)
def test_what_is_left_out_goes_with_its_twin_and_all_that_needs_it(name: str, gone: set[str]) -> None:
    assert set(select(None, [name])) == set(STANDARD) - gone
    assert set(select([*LIBRARY], [name])) == set(LIBRARY) - gone
    assert list(select([name, "log"], [name])) == ["0", "x", "log"]


@EVERY
def test_an_allowed_function_is_written_with_what_is_allowed(function: Function) -> None:
    only = allowed_heads(select([function.name]))
    assert {type(part) for part in function.sympy(U).atoms(sympy.Function)} == function.heads <= only
    # its twin is the same function to the user, but brings nothing else along
    assert {head.__name__ for head in only - function.heads} <= {"sin", "cos", "asin", "acos", "tanh"}
    if function.name not in ("0", "x"):
        left = allowed_heads(select([*LIBRARY], [function.name]))
        assert function.head is None or function.head not in left


def test_twins_are_allowed_together() -> None:
    assert allowed_heads(select(["sin"])) == {sympy.sin, sympy.cos}
    assert allowed_heads(select(["acos"])) == {sympy.asin, sympy.acos}
    assert allowed_heads(select(["tanh", "x^2"])) == {sympy.tanh}


@pytest.mark.parametrize(
    ("names", "exclude", "message", "hint"),
    [
        (["exp", "sinus"], [], "--functions: there is no function 'sinus'", "did you mean 'sin'"),
        (["standart"], [], "--functions: there is no function 'standart'", "did you mean 'standard'"),
        (["frobnicate"], [], "--functions: there is no function 'frobnicate'", "'standard' stands for"),
        (None, ["sinus"], "--exclude: there is no function 'sinus'", "did you mean 'sin'"),
        (["exp"], ["frobnicate"], "--exclude: there is no function 'frobnicate'", "the library has 0, x, x^2"),
        (None, ["x"], "--exclude: 'x' cannot be left out", "leave out other functions"),
        (None, ["sin", "0"], "--exclude: '0' cannot be left out", "leave out other functions"),
    ],
)
def test_a_wrong_name_is_refused(names: list[str] | None, exclude: list[str], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        select(names, exclude)
    assert caught.value.message == message
    assert hint in caught.value.hint
