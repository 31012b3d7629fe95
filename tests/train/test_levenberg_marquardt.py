"""Levenberg-Marquardt against SciPy's least squares on a table of problems."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares
from torch import Tensor

from kansr.train.levenberg_marquardt import NormalEquations, Problem, blockwise_problem, levenberg_marquardt

T = torch.linspace(0.0, 3.0, 40, dtype=torch.float64)
NOISE = 0.05 * torch.sin(37.0 * T)


def rosenbrock(p: Tensor) -> Tensor:
    return torch.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]])


def decay(p: Tensor) -> Tensor:
    return p[0] * torch.exp(-p[1] * T) + p[2] - (2 * torch.exp(-1.3 * T) + 0.5 + NOISE)


def wave(p: Tensor) -> Tensor:
    return p[0] * torch.sin(p[1] * T + p[2]) - (1.5 * torch.sin(2 * T + 0.4) + NOISE)


def powell(p: Tensor) -> Tensor:
    """Its Jacobian is singular at the solution."""
    a, b, c, d = p
    return torch.stack([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


PROBLEMS: dict[str, tuple[Callable[[Tensor], Tensor], list[float]]] = {
    "rosenbrock": (rosenbrock, [-1.2, 1.0]),
    "decay": (decay, [1.0, 0.3, 0.0]),
    "wave": (wave, [1.0, 1.7, 0.0]),
    "powell": (powell, [3.0, -1.0, 0.0, 1.0]),
}


def batched(residuals: Callable[[Tensor], Tensor]) -> Problem:
    def linearize(parameters: Tensor) -> NormalEquations:
        values = torch.stack([residuals(p) for p in parameters])
        jacobians = torch.stack([torch.func.jacrev(residuals)(p).T for p in parameters])
        return blockwise_problem(lambda _: [(values, jacobians)], values.shape[1])(parameters)

    return linearize


def start(name: str) -> Tensor:
    return torch.tensor([PROBLEMS[name][1]], dtype=torch.float64)


@pytest.mark.parametrize("name", PROBLEMS)
def test_minimum_is_scipys(name: str) -> None:
    residuals, first = PROBLEMS[name]
    fit = levenberg_marquardt(batched(residuals), start(name), iterations=200)
    reference = least_squares(lambda p: residuals(torch.from_numpy(p)).numpy(), np.array(first), xtol=1e-14, gtol=1e-14)
    expected = 2 * reference.cost / len(reference.fun)
    assert float(fit.loss[0]) == pytest.approx(expected, rel=1e-9, abs=1e-14)
    np.testing.assert_allclose(fit.parameters[0], reference.x, rtol=1e-4, atol=1e-3)


def test_normal_equations_of_residuals() -> None:
    parameters = torch.tensor([[1.1, 0.7, 0.2], [0.5, 2.0, -1.0]], dtype=torch.float64)
    equations = batched(decay)(parameters)
    for i, p in enumerate(parameters):
        r, jacobian = decay(p).numpy(), torch.func.jacrev(decay)(p).numpy()
        np.testing.assert_allclose(equations.matrix[i], jacobian.T @ jacobian / len(r))
        np.testing.assert_allclose(equations.gradient[i], jacobian.T @ r / len(r))
        assert float(equations.loss[i]) == pytest.approx(float(r @ r) / len(r))


def test_members_of_a_batch_do_not_touch_each_other() -> None:
    starts = torch.tensor([[1.0, 0.3, 0.0], [5.0, 4.0, -2.0], [torch.nan, 0.0, 0.0]], dtype=torch.float64)
    together = levenberg_marquardt(batched(decay), starts, iterations=25)
    for i in range(2):
        alone = levenberg_marquardt(batched(decay), starts[i : i + 1], iterations=25)
        torch.testing.assert_close(together.parameters[i], alone.parameters[0], rtol=1e-9, atol=1e-12)
    assert together.loss.isfinite().tolist() == [True, True, False]


def test_loss_is_that_of_the_parameters_and_never_rises() -> None:
    before = float(batched(wave)(start("wave")).loss[0])
    for iterations in range(1, 12):
        fit = levenberg_marquardt(batched(wave), start("wave"), iterations=iterations)
        after = float(fit.loss[0])
        assert after == pytest.approx(float(batched(wave)(fit.parameters).loss[0]))
        assert after <= before
        before = after


def test_a_start_where_nothing_is_defined_is_no_error() -> None:
    fit = levenberg_marquardt(
        batched(lambda p: torch.log(p[0] * (1 + T))), torch.tensor([[-1.0]], dtype=torch.float64), iterations=5
    )
    assert fit.loss.tolist() == [torch.inf]
    assert fit.parameters.tolist() == [[-1.0]]


def test_steps_out_of_the_domain_are_not_taken() -> None:
    fit = levenberg_marquardt(
        batched(lambda p: torch.log(p[0]) * (1 + T) + 3), torch.tensor([[2.0]], dtype=torch.float64), iterations=60
    )
    expected = -3 * float((1 + T).sum() / (1 + T).square().sum())
    assert float(fit.parameters[0, 0].log()) == pytest.approx(expected, rel=1e-6)


def test_a_parameter_without_effect_is_no_error() -> None:
    fit = levenberg_marquardt(
        batched(lambda p: p[0] * T - 2 * T + 0 * p[1]), torch.tensor([[0.0, 1.5]], dtype=torch.float64), iterations=60
    )
    np.testing.assert_allclose(fit.parameters[0], [2.0, 1.5], rtol=1e-7)


def test_it_stops_when_told() -> None:
    problem = batched(decay)
    first = start("decay")
    unlimited = levenberg_marquardt(problem, first, iterations=100)
    assert unlimited.iterations < 100, "no step can gain any more"
    stalled = levenberg_marquardt(problem, first, iterations=100, stall=0.01, patience=4)
    assert stalled.iterations < unlimited.iterations
    reached = levenberg_marquardt(problem, first, iterations=100, goal=0.01)
    assert reached.iterations < 30
    assert float(unlimited.loss[0]) < float(reached.loss[0]) <= 0.01
    calls = iter([False, False, True])
    cut = levenberg_marquardt(problem, first, iterations=100, expired=lambda: next(calls))
    two = levenberg_marquardt(problem, first, iterations=2)
    torch.testing.assert_close(cut.parameters, two.parameters, rtol=0, atol=0)


def test_a_descent_may_go_on_with_its_damping() -> None:
    problem, first = batched(decay), start("decay")
    whole = levenberg_marquardt(problem, first, iterations=10)
    half = levenberg_marquardt(problem, first, iterations=5)
    rest = levenberg_marquardt(problem, half.parameters, iterations=5, damping=half.damping)
    torch.testing.assert_close(rest.parameters, whole.parameters)


def test_no_iterations_measure_the_start() -> None:
    fit = levenberg_marquardt(batched(decay), start("decay"), iterations=0)
    assert fit.iterations == 0
    assert fit.parameters.tolist() == start("decay").tolist()
    assert float(fit.loss[0]) == pytest.approx(float(decay(start("decay")[0]).square().mean()))


def test_any_problem_that_gives_normal_equations_will_do() -> None:
    """A quadratic form: one undamped step solves it."""
    matrix = torch.tensor([[[4.0, 1.0], [1.0, 3.0]]], dtype=torch.float64)
    goal = torch.tensor([[1.0, -2.0]], dtype=torch.float64)

    def problem(parameters: Tensor) -> NormalEquations:
        off = parameters - goal
        gradient = (matrix @ off[:, :, None])[:, :, 0]
        return NormalEquations(matrix, gradient, (off * gradient).sum(1))

    fit = levenberg_marquardt(problem, torch.zeros(1, 2, dtype=torch.float64), iterations=1, damping=0.0)
    torch.testing.assert_close(fit.parameters, goal)
