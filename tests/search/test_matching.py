"""Every function, composition, sum and polynomial is found from its own samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from kansr.functions import LIBRARY, STANDARD, select, without_twins
from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network
from kansr.kan.structure import Op, Structure
from kansr.search.combining import match_compositions, match_pairs, match_polynomials
from kansr.search.matching import Curve, Match, match_functions
from tests.networks import row

FUNCTIONS = without_twins(STANDARD)
# The constants a, b that put the samples on a part of the function with a shape of its own.
PLACES = {"abs": (1.0, -0.6), "sin": (5.0, 0.4), "tan": (1.1, -0.5), "x^2": (1.0, -0.4), "x^3": (1.0, -0.7)}
PLACES |= {"tanh": (4.0, -2.0), "atan": (6.0, -2.0), "gauss": (3.0, -1.0), "exp": (2.2, 0.0), "asin": (1.3, -0.5)}
PLACES |= {"sinh": (4.0, -2.0), "cosh": (4.0, -1.5), "x^4": (1.0, -0.3), "x^5": (1.0, -0.6), "x^6": (1.0, -0.3)}
PLACES |= {"J0": (9.0, 2.0), "J1": (12.0, -3.0), "erf": (4.0, -2.0), "gamma": (4.0, 0.4), "W": (7.0, -0.3)}


def samples(n: int = 160, low: float = 0.0, high: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    return low + (high - low) * torch.rand(n, dtype=torch.float64, generator=generator)


def curve(x: Tensor, y: Tensor) -> Curve:
    return Curve(x, y, torch.ones_like(x))


def values(match: Match, x: Tensor) -> Tensor:
    """What a match gives, by hand."""
    total = torch.zeros_like(x)
    for chain in match.chains:
        u = x[None, :]
        for edge in chain:
            u = edge(u).y
        total = total + u[0]
    return total


def check_residual(match: Match, of: Curve) -> None:
    error = (values(match, of.x) - of.y) * of.weight
    rms = float((error.square().sum() / of.weight.square().sum()).sqrt())
    assert match.residual == pytest.approx(rms / math.sqrt(of.variance()), rel=1e-6, abs=1e-11)


@pytest.mark.parametrize("name", [f.name for f in without_twins(LIBRARY) if f.name not in {"0", "x"}])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 5.0)])
def test_every_function_is_found_from_its_own_samples(name: str, low: float, high: float) -> None:
    a, b = PLACES.get(name, (1.0, 0.15))
    x = samples(low=low, high=high)
    place = (x - low) / (high - low)
    y = 2.5 * LIBRARY[name].value(a * place + b) - 1.0
    matches = match_functions(curve(x, y), without_twins(select(["standard", name])))
    assert matches[0].name == name
    assert matches[0].residual < 1e-5
    for match in matches:
        check_residual(match, curve(x, y))


@pytest.mark.parametrize("name", ["log", "sqrt", "1/sqrt", "x^3/2"])
def test_reflected_forms_are_found(name: str) -> None:
    x = samples(low=-1.0, high=2.0)
    match = match_functions(curve(x, LIBRARY[name].value(2.3 - x)), FUNCTIONS)[0]
    assert match.name == name
    assert match.residual < 1e-5
    assert match.only is not None
    assert float(match.only.constants[0, 2]) == -1.0
    assert float(match.only.constants[0, 3]) == pytest.approx(2.3, abs=1e-3)


def test_a_line_is_a_line_and_nothing_grander() -> None:
    x = samples()
    matches = match_functions(curve(x, 3 * x - 2), FUNCTIONS)
    assert matches[0].name == "x"
    assert matches[0].residual < 1e-12
    assert matches[0].only is not None
    c, d = matches[0].only.constants[0, :2].tolist()
    assert (c, d) == (pytest.approx(3), pytest.approx(-2))


def test_identity_is_always_proposed() -> None:
    x = samples()
    matches = match_functions(curve(x, torch.sin(25 * x)), FUNCTIONS, keep=2)
    assert matches[0].name == "sin"
    assert "x" in {m.name for m in matches}
    assert [m.score for m in matches] == sorted(m.score for m in matches)


def test_samples_without_weight_do_not_count() -> None:
    x = samples()
    heard = (x < 0.7).to(torch.float64)
    y = torch.where(x < 0.7, torch.exp(1.7 * x), 50.0)
    match = match_functions(Curve(x, y, heard / heard.square().mean().sqrt()), FUNCTIONS)[0]
    assert match.name == "exp"
    assert match.residual < 1e-5


def test_weighted_variance() -> None:
    x, weight = samples(30), 0.5 + samples(30)
    y = x**2
    expected = np.cov(y.numpy(), aweights=weight.numpy() ** 2, ddof=0)
    assert Curve(x, y, weight).variance() == pytest.approx(float(expected))


COMPOSITIONS = {
    "log(exp)": lambda x: torch.log(1.5 - torch.exp(0.8 * x)),
    "exp(sin)": lambda x: torch.exp(1.3 * torch.sin(4 * x + 0.3)),
    "sqrt(x^2)": lambda x: torch.sqrt(0.3 + (x + 0.1) ** 2),
    "x^-1(exp)": lambda x: 1 / (torch.exp(2.5 * x) + 0.8),
    "x^2(sin)": lambda x: (torch.sin(2.5 * x) + 0.4) ** 2,
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_planted_compositions_are_found(name: str) -> None:
    x = samples(low=-1.0, high=0.45)
    of = curve(x, COMPOSITIONS[name](x))
    matches = match_compositions(of, FUNCTIONS)
    assert min(m.residual for m in matches) < 1e-5
    for match in matches:
        check_residual(match, of)
        assert all(len(chain) == 2 for chain in match.chains)


def test_a_composition_reads_from_outside_to_inside() -> None:
    x = samples(low=-1.0, high=0.3)
    match = match_compositions(curve(x, COMPOSITIONS["log(exp)"](x)), [LIBRARY["exp"], LIBRARY["log"]])[0]
    assert match.name == "log(exp)"
    assert [e.function.name for e in match.chains[0]] == ["exp", "log"]
    inner, outer = match.chains[0]
    structure = Structure.of(1, [(Op.SUM, [0]), (Op.SUM, [1])])
    torch.testing.assert_close(Network(structure, (inner, outer))(x[:, None])[0], values(match, x))


SUMS = {
    "x + sin": lambda x: 0.7 * x + torch.sin(9 * x + 0.5),
    "x^2 + exp": lambda x: 3 * (x - 0.3) ** 2 + 0.5 * torch.exp(2 * x),
    "sin + sin": lambda x: torch.sin(4 * x) + 0.6 * torch.sin(17 * x + 1),
    "x^-1 + x": lambda x: 0.3 / (x + 0.2) + 2 * x,
}


@pytest.mark.parametrize("name", SUMS)
def test_planted_sums_are_found(name: str) -> None:
    x = samples()
    of = curve(x, SUMS[name](x))
    matches = match_pairs(of, FUNCTIONS, Op.SUM)
    assert matches[0].residual < 1e-5
    assert matches[0].only is None
    for match in matches:
        check_residual(match, of)


PRODUCTS = {
    "exp * sin": lambda x: 1.5 * torch.exp(-1.2 * x) * torch.sin(9 * x + 0.4),
    "x * sin": lambda x: (x - 0.3) * torch.sin(6 * x) + 0.2,
    "x * log": lambda x: (x + 0.5) * torch.log(x + 0.2),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_planted_products_are_found(name: str) -> None:
    x = samples()
    of = curve(x, PRODUCTS[name](x))
    best = match_pairs(of, FUNCTIONS, Op.PRODUCT)[0]
    assert best.residual < 1e-5
    assert best.op is Op.PRODUCT


@pytest.mark.parametrize("degree", [2, 3, 4, 5, 6])
def test_planted_polynomials_are_found(degree: int) -> None:
    x = samples(low=-1.0, high=2.0)
    coefficients = [0.5, -1.0, 2.0, 0.7, -0.4, 0.9, -0.3][: degree + 1]
    y = sum(c * x**k for k, c in enumerate(coefficients))
    assert isinstance(y, Tensor)
    match = match_polynomials(curve(x, y), FUNCTIONS)[0]
    assert match.name == " + ".join(["x", *(f"x^{k}" for k in range(2, degree + 1))])
    found = [float(chain[0].constants[0, 0]) for chain in match.chains]
    assert found == pytest.approx(coefficients[1:], rel=1e-6)
    assert sum(float(chain[0].constants[0, 1]) for chain in match.chains) == pytest.approx(0.5, rel=1e-6)


def test_polynomials_need_their_powers() -> None:
    x = samples()
    assert match_polynomials(curve(x, x**3), [LIBRARY["exp"]]) == []
    names = {m.name for m in match_polynomials(curve(x, x**4), [LIBRARY[n] for n in ("x", "x^2", "x^3")])}
    assert names <= {"x + x^2", "x + x^2 + x^3"}


def test_a_price_for_complexity() -> None:
    """Of two functions that fit alike the simpler comes first; a clearly better fit may cost more."""
    x = samples()
    line = match_functions(curve(x, x + 1e-9 * torch.sin(40 * x)), FUNCTIONS)
    assert line[0].name == "x"
    bent = match_functions(curve(x, x + 0.1 * torch.sin(40 * x)), FUNCTIONS)
    assert bent[0].score > line[0].score


def test_the_name_of_a_match() -> None:
    one = SymbolicEdge.of(LIBRARY["sin"], row(1, 0, 1, 0))
    two = SymbolicEdge.of(LIBRARY["x^2"], row(1, 0, 1, 0))
    assert Match(((one,),), 0.0, 0.0).name == "sin"
    assert Match(((one, two), (one,)), 0.0, 0.0).name == "x^2(sin) + sin"
