"""What counts as a fault of a candidate, and what as a bug."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import sympy
import torch

from kansr.errors import FormulaError
from kansr.formula.deadline import TimeIsUp
from kansr.formula.evaluate import evaluate
from kansr.search.guard import Fault, InternalError, Trouble, fault_notes, guarded
from kansr.search.least_squares import least_squares

X = sympy.Symbol("x", real=True)


def deep() -> Any:
    return deep()


def raised(error: Exception) -> Any:
    raise error


CASES: dict[str, tuple[Callable[[], Any], Trouble]] = {
    "Python's memory": (lambda: bytearray(2**62), Trouble.MEMORY),
    "torch's memory": (lambda: torch.empty(10**13, dtype=torch.float64), Trouble.MEMORY),
    "numpy's memory": (lambda: np.empty(10**15), Trouble.MEMORY),
    "time": (lambda: raised(TimeIsUp()), Trouble.TIME),
    "torch's inverse": (lambda: torch.linalg.inv(torch.zeros(2, 2)), Trouble.SINGULAR),
    "torch's singular values": (lambda: torch.linalg.svd(torch.full((2, 2), torch.nan)), Trouble.SINGULAR),
    "numpy's inverse": (lambda: np.linalg.inv(np.zeros((2, 2))), Trouble.SINGULAR),
    "scipy's factors": (lambda: scipy.linalg.cholesky(-np.eye(2)), Trouble.SINGULAR),
    "least squares": (lambda: least_squares(torch.full((3, 2), math.inf), torch.ones(3)), Trouble.SINGULAR),
    "a large number": (lambda: math.exp(1e3), Trouble.ARITHMETIC),
    "no infinite whole number": (lambda: math.floor(math.inf), Trouble.ARITHMETIC),
    "a division": (lambda: 1.0 / 0.0, Trouble.ARITHMETIC),
    "depth": (deep, Trouble.SYMBOLIC),
    "an unknown function": (lambda: evaluate(sympy.zeta(X), {"x": np.ones(2)}), Trouble.SYMBOLIC),
    "a complex number": (lambda: float(sympy.sqrt(-1)), Trouble.SYMBOLIC),
    "the order of complex numbers": (lambda: sympy.I < 1, Trouble.SYMBOLIC),
    "an open question": (lambda: bool(X > 0), Trouble.SYMBOLIC),
    "no polynomial": (lambda: sympy.Poly(sympy.sin(X) / X, X), Trouble.SYMBOLIC),
    "a wrong name": (lambda: raised(AttributeError("'int' object has no attribute 'x'")), Trouble.INTERNAL),
    "wrong shapes": (lambda: torch.ones(2) + torch.ones(3), Trouble.INTERNAL),
    "a wrong value": (lambda: raised(ValueError("this cannot be")), Trouble.INTERNAL),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::kansr.search.guard.InternalError")
def test_faults_are_told_by_their_kind(name: str) -> None:
    calculate, trouble = CASES[name]
    told: list[Fault] = []
    with guarded("trying", told.append):
        calculate()
    (fault,) = told
    assert (fault.step, fault.trouble) == ("trying", trouble)
    assert ("Traceback" in fault.trace) == (trouble is Trouble.INTERNAL)
    assert "\n" not in fault.message


def test_what_succeeds_is_not_touched() -> None:
    told: list[Fault] = []

    def seven() -> int:
        with guarded("trying", told.append):
            return 7
        return 0

    assert seven() == 7
    assert told == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_process_passes(error: type[BaseException]) -> None:
    with pytest.raises(error), guarded("trying", lambda fault: pytest.fail("told")):
        raise error


def test_a_bug_passes_all_guards_where_warnings_are_errors() -> None:
    told: list[Fault] = []
    with (
        pytest.raises(InternalError, match="trying: KeyError: 'a'") as caught,
        guarded("searching", told.append),
        guarded("trying", told.append),
    ):
        raise KeyError("a")
    assert isinstance(caught.value.__cause__, KeyError)
    assert told == []


def test_notes_count_the_kinds() -> None:
    def fault(trouble: Trouble) -> Fault:
        return Fault("naming", trouble, "KeyError: 'a'")

    assert list(fault_notes([])) == []
    assert list(fault_notes([fault(Trouble.TIME)])) == ["1 candidate was given up: a calculation took too long (1)"]
    assert list(fault_notes([fault(Trouble.SINGULAR), fault(Trouble.MEMORY), fault(Trouble.SINGULAR)])) == [
        "3 candidates were given up: out of memory (1), a matrix without a solution (2)"
    ]
    first, second = fault_notes([fault(Trouble.INTERNAL)])
    assert first == "1 candidate was given up: an internal error (1)"
    assert second == "this is a bug in kansr, please report it with history.csv: KeyError: 'a' in naming"


def test_a_message_of_the_user_is_an_expression_that_cannot_be_used() -> None:
    assert Fault.of(FormulaError("the formula holds 're'"), "naming").trouble is Trouble.SYMBOLIC
