"""The choice among the formulas that were found, and the reason for it in words.

Errors here are those on rows that fitted no constant, in units of the target's standard deviation. Two formulas are
compared row by row: errors on the same rows rise and fall together, and what differs is much better known than either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.config import Rule

__all__ = ["ROUNDING", "Choice", "Option", "choose", "pareto_front"]

# Root mean square errors below this are rounding, and equal.
ROUNDING = 1e-8
# Ratios of errors above this are told as such.
_HUGE = 1e6
_HEADS = {
    "balanced": "shortest description",
    "best": "least error",
    "simplest": "simplest within one standard error of the least error",
}


@dataclass(frozen=True, eq=False)
class Option:
    """What is to be known of a formula to choose it.

    Attributes:
        size: Nodes of the expression tree.
        length: Description length.
        errors: Error on each held row, `(m,)`, m > 0.
    """

    size: int
    length: float
    errors: NDArray[np.float64]

    @property
    def rmse(self) -> float:
        """Root mean square of the errors, no lower than rounding; infinite where one is not finite."""
        with np.errstate(over="ignore"):
            rmse = math.sqrt(float(np.mean(np.square(self.errors))))
        return max(rmse, ROUNDING) if math.isfinite(rmse) else math.inf


@dataclass(frozen=True)
class Choice:
    """What was chosen; formulas are given by their position among the options.

    Attributes:
        chosen: The formula that is the answer.
        front: The Pareto front and the chosen one, which only `balanced` may take from elsewhere, simplest first.
        reason: One line for the user.
    """

    chosen: int
    front: tuple[int, ...]
    reason: str


def pareto_front(options: Sequence[Option]) -> list[int]:
    """Positions of the options that no other one beats in size or error without being worse in the other one.

    Of options with the same size and error the one with the shortest description is taken. The sizes ascend, the errors
    descend.
    """
    front: list[int] = []
    for i in sorted(range(len(options)), key=lambda i: (options[i].size, options[i].rmse, options[i].length)):
        if not front or options[i].rmse < options[front[-1]].rmse:
            front.append(i)
    return front


def choose(options: Sequence[Option], rule: Rule, noise: float) -> Choice:
    """Chooses one of the formulas.

    - `balanced`: the shortest description of the table, errors on the fitted rows and formula together.
    - `best`: the least error, or a simpler formula whose distance from that hangs on a single row.
    - `simplest`: the simplest formula whose mean square error is at most one standard error of the difference above the
      least (L. Breiman et al., Classification and Regression Trees, 1984; T. Hastie et al., The Elements of Statistical
      Learning, 2nd ed., section 7.10), where the difference is taken row by row.

    Args:
        options: At least one.
        rule: What to choose by.
        noise: Root mean square error that counts as the noise of the table, which no formula can be below but by
            chance; zero if it is not known.
    """
    front = pareto_front(options)
    least = options[front[-1]]
    if rule == "balanced":
        chosen = min(range(len(options)), key=lambda i: (options[i].length, options[i].size))
    elif rule == "best":
        chosen = next(i for i in front if _as_good(options[i], least))
    else:
        chosen = next(i for i in front if _as_good(options[i], least) or _not_significantly_worse(options[i], least))
    shown = sorted({*front, chosen}, key=lambda i: (options[i].size, options[i].rmse))
    return Choice(chosen, tuple(shown), _reason(options, rule, front, chosen, noise))


def _as_good(option: Option, least: Option) -> bool:
    """Whether errors are equal up to rounding, or differ by no more than what one row contributes.

    This implies that they are within one standard error: `best` never takes a simpler formula than `simplest`.
    """
    if option.rmse <= least.rmse:
        return True
    more = np.square(option.errors) - np.square(least.errors)
    return len(more) > 1 and float(more.sum() - more.max()) <= 0


def _not_significantly_worse(option: Option, least: Option) -> bool:
    more = np.square(option.errors) - np.square(least.errors)
    return len(more) > 1 and float(more.mean()) <= float(more.std(ddof=1)) / math.sqrt(len(more))


# --- in words


def _reason(options: Sequence[Option], rule: Rule, front: Sequence[int], chosen: int, noise: float) -> str:
    option, least = options[chosen], options[front[-1]]
    said = f"{_HEADS[rule]}, with {_size_text(option)} and {_error_text(option, noise)}"
    if not math.isfinite(option.rmse):
        return said
    others = []
    simpler = [options[i] for i in front if options[i].size < option.size]
    if simpler:
        others.append(f"the next simpler ({_size_text(simpler[-1])}) has {_ratio_text(simpler[-1], option)}")
    if least is not option and least not in simpler[-1:]:
        others.append(f"the most accurate ({_size_text(least)}) has {_ratio_text(least, option)}")
    return "; ".join(filter(None, (said, ", ".join(others))))


def _error_text(option: Option, noise: float) -> str:
    if not math.isfinite(option.rmse):
        return "no value on some rows"
    if option.rmse <= ROUNDING:
        return "no error beyond rounding"
    # mean squares measured on m rows differ by some 1/sqrt(m) by chance
    if option.rmse**2 <= (1 + 1 / math.sqrt(len(option.errors))) * noise**2:
        return "an error at the noise"
    percent = 100 * option.rmse
    return f"an error of {f'{percent:.2g}' if percent < 10 else round(percent)} % of the target's spread"


def _size_text(option: Option) -> str:
    return f"{option.size} node{'s' if option.size > 1 else ''}"


def _ratio_text(other: Option, option: Option) -> str:
    ratio = other.rmse / option.rmse
    if ratio > _HUGE:
        return "more than a million times the error"
    digits = f"{ratio:.2g}" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}"
    return "about the same error" if digits == "1" else f"{digits} times the error"
