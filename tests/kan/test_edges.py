"""Edges: values, slopes and Jacobians against automatic differentiation and difference quotients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kansr.functions import LIBRARY
from kansr.kan.edges import EdgeFunction, SplineEdge, SymbolicEdge
from kansr.search.bank import BankEdge
from tests.networks import autograd, quotients, row

ALL_FREE = (True, True, True, True)
# Positive and below one with the constants below, so that every function of the library is defined.
X = torch.linspace(0.1, 0.8, 23, dtype=torch.float64).expand(2, -1)
CONSTANTS = torch.tensor([[1.3, -0.2, 0.9, 0.11], [-0.7, 0.5, 0.6, 0.23]], dtype=torch.float64)


def jacobian(edge: EdgeFunction, x: Tensor, sensitivity: Tensor) -> Tensor:
    block = torch.full((*edge.parameters.shape, x.shape[1]), torch.nan, dtype=torch.float64)
    edge(x).fill_jacobian(block, sensitivity)
    return block


def check(edge: EdgeFunction, x: Tensor) -> None:
    """Slope and Jacobian of an edge, at its own parameters."""

    def output(parameters: Tensor) -> Tensor:
        return edge.with_parameters(parameters)(x).y

    sensitivity = 0.3 + x.square()
    block = jacobian(edge, x, sensitivity)
    exact = autograd(output, edge.parameters) * sensitivity[:, None, :]
    torch.testing.assert_close(block, exact, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(
        block, quotients(output, edge.parameters) * sensitivity[:, None, :], rtol=1e-6, atol=1e-7
    )
    at = x.clone().requires_grad_()
    y = edge(at).y
    slope = torch.autograd.grad(y.sum(), at)[0] if y.requires_grad else torch.zeros_like(x)  # the function 0
    torch.testing.assert_close(edge(x).slope, slope, rtol=1e-10, atol=1e-12)


def spline(order: int, base: bool, generator: torch.Generator) -> SplineEdge:
    coef = torch.randn(2, 5 + order, dtype=torch.float64, generator=generator)
    low = torch.tensor([[-1.0], [-0.3]], dtype=torch.float64)
    scale = torch.tensor([[0.7], [-1.2]], dtype=torch.float64) if base else None
    return SplineEdge(coef, low, torch.tensor([[1.1], [0.9]], dtype=torch.float64), order, scale)


@pytest.mark.parametrize("name", LIBRARY)
@pytest.mark.parametrize("free", [None, ALL_FREE, (False, True, False, True)])
def test_every_function_on_an_edge(name: str, free: tuple[bool, bool, bool, bool] | None) -> None:
    edge = SymbolicEdge.of(LIBRARY[name], CONSTANTS)
    check(edge if free is None else SymbolicEdge(edge.function, CONSTANTS, free), X)


def test_a_function_on_an_edge_is_the_formula() -> None:
    c, d, a, b = CONSTANTS[0].tolist()
    edge = SymbolicEdge.of(LIBRARY["sin"], CONSTANTS)
    torch.testing.assert_close(edge(X).y[0], c * torch.sin(a * X[0] + b) + d)


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_splines(order: int, base: bool, generator: torch.Generator) -> None:
    # inside and outside of the grids, on no knot
    x = torch.linspace(-2.013, 2.017, 45, dtype=torch.float64).expand(2, -1)
    check(spline(order, base, generator), x)


def test_a_spline_with_base_function_is_the_sum_of_both(generator: torch.Generator) -> None:
    edge = spline(3, True, generator)
    assert edge.scale_base is not None
    bare = SplineEdge(edge.coef, edge.low, edge.high, edge.order)
    expected = bare(X).y + edge.scale_base * X / (1 + (-X).exp())
    torch.testing.assert_close(edge(X).y, expected)


def test_a_bank_is_its_members_side_by_side() -> None:
    edges = [SymbolicEdge.of(LIBRARY[name], CONSTANTS + 1e-3 * i) for i, name in enumerate(LIBRARY)]
    bank = BankEdge.of(edges)
    x = X[:1]
    assert bank.parameters.shape == (2 * len(edges), 4)
    block = jacobian(bank, x, torch.ones_like(x).expand(len(bank.parameters), -1))
    for i, edge in enumerate(edges):
        members = slice(2 * i, 2 * i + 2)
        torch.testing.assert_close(bank(x).y[members], edge(x).y)
        torch.testing.assert_close(bank(x).slope[members], edge(x).slope)
        fixed = [k for k, free in enumerate(edge.free) if not free]
        moving = [k for k, free in enumerate(edge.free) if free]
        torch.testing.assert_close(block[members][:, moving], jacobian(edge, X, torch.ones_like(X)))
        assert (block[members][:, fixed] == 0).all()
        member = bank.member(2 * i + 1)
        assert member.function is edge.function
        assert member.free == edge.free
        torch.testing.assert_close(member(x).y, edge(x).y[1:])


def test_a_bank_keeps_what_is_not_free() -> None:
    bank = BankEdge.of([SymbolicEdge.of(LIBRARY[name], CONSTANTS) for name in ("x", "exp", "sin")])
    moved = bank.with_parameters(bank.parameters + 1)
    expected = CONSTANTS[0] + torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]])
    torch.testing.assert_close(moved.constants[::2], expected)


def test_some_members_of_a_bank() -> None:
    bank = BankEdge.of([SymbolicEdge.of(LIBRARY[name], CONSTANTS) for name in ("x", "exp", "sin")])
    some = bank.select(torch.tensor([1, 4, 5]))
    assert [f.name for f in some.functions] == ["x", "sin"]
    assert some.runs == (1, 2)
    torch.testing.assert_close(some(X[:1]).y, bank(X[:1]).y[[1, 4, 5]])
    with pytest.raises(IndexError):
        some.member(3)


def test_parameters_go_there_and_back(generator: torch.Generator) -> None:
    for edge in (
        spline(3, False, generator),
        spline(3, True, generator),
        SymbolicEdge.of(LIBRARY["exp"], CONSTANTS),
        BankEdge.of([SymbolicEdge.of(LIBRARY["tanh"], CONSTANTS)]),
    ):
        before = edge.parameters.clone()
        moved = edge.with_parameters(before * 1.5 + 0.1)
        torch.testing.assert_close(moved.parameters, before * 1.5 + 0.1)
        torch.testing.assert_close(edge.parameters, before, rtol=0, atol=0)
        torch.testing.assert_close(moved.with_parameters(before)(X).y, edge(X).y, rtol=0, atol=0)
        torch.testing.assert_close(edge.select(torch.tensor([1]))(X[:1]).y, edge(X).y[1:])


def test_a_spline_times_a_factor_plus_a_shift(generator: torch.Generator) -> None:
    edge = spline(3, True, generator)
    scale, shift = torch.tensor([[2.0], [-0.5]], dtype=torch.float64), torch.tensor([[1.0], [3.0]], dtype=torch.float64)
    torch.testing.assert_close(edge.affine(scale, shift)(X).y, edge(X).y * scale + shift)


def test_the_number_of_free_constants() -> None:
    sizes = {"0": 1, "x": 2, "x^2": 3, "exp": 3, "log": 3, "sin": 4, "abs": 3}
    for name, size in sizes.items():
        assert SymbolicEdge.of(LIBRARY[name], row(1, 0, 1, 0)).parameters.shape == (1, size)
