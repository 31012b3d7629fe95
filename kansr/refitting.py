"""The last pass over a long table: formulas found on a sample get constants fitted to all rows, and errors on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from kansr.choice import Choice, Option, choose, pareto_front
from kansr.config import Rule
from kansr.formula.constants import Template
from kansr.measuring import Judge, deciding
from kansr.results import Candidate
from kansr.search.budget import Budget
from kansr.search.clock import TICK, Clock
from kansr.search.finishing import settled
from kansr.search.ledger import Found
from kansr.search.score import ROUNDING

__all__ = ["Answer", "Timetable", "chosen_of", "one_pass", "refitted"]

# Passes over all rows that are kept back, as long as those of a small formula: for the chosen formula with its rounding
# and errors and for a few more, and of these for what comes after a fit that the clock cut short.
_PASSES, _LAST_PASSES = 40, 12
# Rows that tell how long a pass takes.
_TIMED = 1_000_000
# Seconds for writing, and the least that the search gets when reading took all the time.
_WRITING, _LEAST = 1.0, 5.0


@dataclass(frozen=True)
class Timetable:
    """What the last pass leaves to the search on a long table; all times are readings of the clock.

    Attributes:
        clock: The search's clock.
        now: When this was decided.
        search_end: When the search must have ended.
        fits_end: When fits to all rows must have ended.
        late: Whether reading took so long that the limit cannot be kept.
    """

    clock: Clock
    now: float
    search_end: float
    fits_end: float
    late: bool

    @classmethod
    def of(cls, clock: Clock, end: float, one_pass: float) -> Timetable:
        """For a command that should be done at `end`, and a table that takes so many seconds to go through once."""
        now = clock.now()
        kept = _WRITING + _PASSES * one_pass
        late = now + _LEAST > end - kept
        search_end = now + _LEAST if late else end - kept
        return cls(clock, now, search_end, search_end + (_PASSES - _LAST_PASSES) * one_pass, late)

    def budget(self) -> Budget:
        """That of the search."""
        return Budget.until(self.clock, self.search_end, self.search_end - self.now)

    def fits_ended(self) -> bool:
        """Whether the time for fits to all rows is over."""
        return self.clock.now() > self.fits_end

    def notes(self) -> Iterator[str]:
        """What the user should know of it."""
        if self.late:
            yield f"reading left too little of the time limit: the search was given {_LEAST:g} s more"


def one_pass(whole: Judge, clock: Clock) -> float:
    """Seconds that a fit of a small formula to all training rows takes for one step, measured on some of them.

    By the search's clock, as coarse as it is: a fit that is repeated must come to the same.
    """
    rows = whole.training
    some = replace(rows, chosen=rows.chosen[:_TIMED])
    symbol = whole.symbols[0]
    template = Template.of(sympy.Float(1.5) * sympy.exp(sympy.Float(-0.5) * symbol) + sympy.Float(0.5) * symbol)
    begun = clock.now()
    template.standard_errors(some)
    return (clock.now() - begun + TICK) * len(rows) / len(some)


@dataclass(frozen=True)
class Answer:
    """The chosen formula and those to show with it, as all rows see them.

    Attributes:
        searched: The chosen one as the search found it.
        found: The same with its final constants.
        best: Everything that is reported about it.
        front: Those that no other one beats, simplest first, and the chosen one.
        reason: One line for the user.
        on_sample: How many of them keep the constants of a sample.
    """

    searched: Found
    found: Found
    best: Candidate
    front: tuple[Candidate, ...]
    reason: str
    on_sample: int = 0

    def notes(self, searched: int, rows: int) -> Iterator[str]:
        """Says which rows were used for what, if the search used a sample.

        Args:
            searched: Training rows that the search used.
            rows: All training rows.
        """
        if searched == rows:
            return
        of_all = "constants and errors are" if not self.on_sample else "errors are"
        yield f"the search used {searched:,} of {rows:,} training rows; {of_all} those of all rows"
        if self.on_sample:
            yield f"{self.on_sample} of {len(self.front)} formulas keep the constants of the sample: the time was up"


def chosen_of(offered: Sequence[Found], judge: Judge, rule: Rule, noise: float) -> Answer:
    """The answer if the search saw all rows.

    Args:
        offered: Formulas, the shortest description first.
        judge: Measures them.
        rule: What to choose by.
        noise: See `kansr.choice.choose`.
    """
    choice = choose([judge.option(found) for found in offered], rule, noise)
    chosen = offered[choice.chosen]
    front = tuple(judge.candidate(offered[i]) for i in choice.front)
    return Answer(chosen, chosen, judge.candidate(chosen), front, choice.reason)


def refitted(
    offered: Sequence[Found], sample: Judge, whole: Judge, rule: Rule, noise: float, expired: Callable[[], bool]
) -> Answer:
    """The answer if the search saw a sample: chosen there, fitted to all rows while there is time, and measured there.

    Args:
        offered: Formulas, the shortest description first.
        sample: Measures them on the sample.
        whole: Measures them on all rows.
        rule: What to choose by.
        noise: See `kansr.choice.choose`.
        expired: True when the time for fits is over: what is left keeps the constants of the sample.
    """
    offered, choice = _choose_defined(offered, sample, whole, rule, noise)
    searched = chosen = offered[choice.chosen]
    if sample.robust and not expired():
        chosen = whole.reweigh_by(chosen, expired)
    found, best, fitted = _on_all_rows(chosen, sample, whole, expired)
    candidates, kept = [best], [not fitted]
    others = [offered[i] for i in choice.front if i != choice.chosen]
    for other in sorted(others, key=lambda f: f.finished.length):
        _, candidate, fitted = _on_all_rows(other, sample, whole, expired)
        candidates.append(candidate)
        kept.append(not fitted)
    errors = [np.array([deciding(c.metrics).nrmse]) for c in candidates]
    options = [Option(c.complexity, c.description_length, e) for c, e in zip(candidates, errors, strict=True)]
    shown = sorted({0, *pareto_front(options)}, key=lambda i: (options[i].size, -options[i].rmse))
    front = tuple(candidates[i] for i in shown)
    return Answer(searched, found, best, front, choice.reason, sum(kept[i] for i in shown))


def _choose_defined(
    offered: Sequence[Found], sample: Judge, whole: Judge, rule: Rule, noise: float
) -> tuple[Sequence[Found], Choice]:
    """The choice on the sample among the formulas that have a value on every row, and these formulas."""
    left, sound = list(offered), set[int]()
    while True:
        choice = choose([sample.option(found) for found in left], rule, noise)
        front = {id(left[i]): left[i] for i in choice.front}
        bad = {key for key, f in front.items() if key not in sound and not whole.defined(f.finished.template)}
        if not bad or len(bad) == len(left):
            return left, choice
        sound |= set(front) - bad
        left = [f for f in left if id(f) not in bad]


def _on_all_rows(
    found: Found, sample: Judge, whole: Judge, expired: Callable[[], bool]
) -> tuple[Found, Candidate, bool]:
    """A formula as all rows see it, and whether its constants are fitted to them."""
    if not expired():
        finished = settled(found.finished.template, whole.training, expired)
        if math.isfinite(finished.length) and whole.defined(finished.template):
            again = replace(found, finished=finished)
            return again, whole.candidate(again), True
    known = sample.candidate(found)
    metrics = whole.metrics(found.finished.template)
    bits = [0.5 * m["train"].rows * math.log(max(m["train"].nrmse ** 2, ROUNDING)) for m in (metrics, known.metrics)]
    length = known.description_length + bits[0] - bits[1]
    return found, replace(known, metrics=metrics, description_length=length), False
