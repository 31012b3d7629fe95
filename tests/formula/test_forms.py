import pytest
import sympy

from kansr.formula.forms import cheapest, constant_apart
from kansr.formula.rewrite import complexity

A, B, C, D = sympy.symbols("a b c d", real=True)


@pytest.mark.parametrize(
    ("long", "short"),
    [
        (D / (A**2 - 2 * A * B + B**2 + C**2), D / ((A - B) ** 2 + C**2)),
        (4 * A**2 + 12 * A * B + 9 * B**2, (2 * A + 3 * B) ** 2),
        (A**2 - 2 * A + 1 + C, (A - 1) ** 2 + C),
        (sympy.sin(A) * sympy.sin(B) + sympy.cos(A) * sympy.cos(B), sympy.cos(A - B)),
        (sympy.sin(A) * sympy.cos(A) * C, C * sympy.sin(2 * A) / 2),
        (D - D * sympy.sin(A) ** 2, D * sympy.cos(A) ** 2),
        (sympy.Abs(C) * sympy.sqrt(A**2 + B**2), C * sympy.sqrt(A**2 + B**2)),
        (sympy.sqrt(A**2 * C**2 + B**2 * C**2), C * sympy.sqrt(A**2 + B**2)),
    ],
)
def test_the_form_a_person_would_write(long: sympy.Expr, short: sympy.Expr) -> None:
    form = cheapest(long, lambda _: True)
    assert complexity(form) <= complexity(short)
    point = {A: 0.3, B: 1.7, C: 0.9, D: -1.1}
    assert float(form.subs(point)) == pytest.approx(float(long.subs(point)), rel=1e-12)


def test_no_square_where_there_is_none() -> None:
    form = A**2 - 3 * A * B + B**2
    assert sympy.expand(cheapest(form, lambda _: True) - form) == 0


@pytest.mark.parametrize(
    ("ratio", "apart"),
    [
        ((A + 3 * B**2 + 3) / (B**2 + 1), A / (B**2 + 1) + 3),
        (2 - (A + 4 * B) / (A + 2 * B), -2 * B / (A + 2 * B) + 1),
        (0.1 * (10 * A + B + C) / (B + C), 0.1 + 1.0 * A / (B + C)),
        (sympy.sqrt(A) * B + 2, sympy.sqrt(A) * B + 2),
        (A / sympy.sqrt(1 + sympy.cos(B)), A / sympy.sqrt(1 + sympy.cos(B))),
    ],
)
def test_a_constant_is_taken_out_of_a_ratio(ratio: sympy.Expr, apart: sympy.Expr) -> None:
    assert constant_apart(ratio) == apart
