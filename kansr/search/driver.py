"""The search: structures simplest first, each trained, pruned and named; the best formula so far is always at hand."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import sympy
import torch

from kansr.formula.build import network_expression
from kansr.formula.deadline import TimeIsUp, within
from kansr.functions import Function
from kansr.kan.structure import Op, Structure
from kansr.results import Outcome, Stage
from kansr.search.budget import Budget
from kansr.search.drafts import Draft, Waiting
from kansr.search.groups import reduced_tables
from kansr.search.guard import guarded
from kansr.search.ledger import CLEAN, FaultsOnly, Found, Ledger, Listener, Origin
from kansr.search.lens import Lens, lenses
from kansr.search.limits import NO_LIMITS, Limits
from kansr.search.naming import Effort, Named, Namer
from kansr.search.noise_test import NoiseTest, is_short
from kansr.search.parts import Parts, PartTarget
from kansr.search.pruning import finer, prune
from kansr.search.score import spline_length
from kansr.search.screening import relevant
from kansr.search.shortcuts import Shortcuts
from kansr.search.structures import structures
from kansr.search.table import Table
from kansr.search.training import TRAINING_ROWS, train_structure
from kansr.train.network import Trained

__all__ = ["Budget", "Search", "SearchResult"]

# Rows that names are tried on.
_NAMING_ROWS = 500
# All errors here are mean squares over the target's variance.
# A network that on fine grids looks exact is always pruned; any other one only if it is better than all before by this
# factor and so good that noise is unlikely. The others wait.
_LOOKS_EXACT, _BETTER, _NOISY = 1e-7, 0.9, 1e-5
# A network whose error is known to come from the target, up to this factor, is as good as an exact one.
_KNOWN = 3.0
# Networks that are not refined at all: so many times worse than the best so far.
_HOPELESS = 25.0
# Laws in parts are looked for after so many structures: what the simplest networks explain needs no division.
_BEFORE_PARTS = 4
# Short ratios with functions are looked for after so many structures, if the best network's error may be noise.
_BEFORE_RATIOS = 4
# Functions of pairs of columns are looked for after so many structures: many laws need them less than a network.
_BEFORE_PAIRS = 6
# Structures that are tried on a table of groups, and how many networks on such tables are named.
_SIMPLEST, _NAMED_AT_ONCE = 3, 4
# After so many structures without a better network the waiting ones are looked at, unless all are this bad.
_PATIENCE, _HARDLY_NOISE = 6, 1e-3
# After so many, the plateau may be the noise: its networks are named.
_LONG_PATIENCE = 24
# During so many more structures a simpler formula than a long one that leaves nothing but noise is looked for.
_AFTERWARDS = 8
# Networks whose errors differ by no more than this factor are equally good: the simplest come first.
_PLATEAU = 1.15
# Names are taken for right if the error of the network grows by no more than this factor.
_NAMES_RIGHT = 16.0
_ROUNDS = 1000
# Seconds that even a search has which begins when the time is up: the first steps look at the clock themselves.
_AT_LEAST = 0.5
# Share of the time for telling which columns matter.
_SCREENING = 0.3


@dataclass(frozen=True)
class SearchResult:
    """How a search ended.

    Attributes:
        found: All formulas that may be offered, best first.
        refused: Those that the user's limits leave out, best first.
        network_error: Mean square error of the best network on the held rows, over the target's variance there.
        outcome: Why it ended.
        unseen: Columns without visible influence, which were never looked at.
    """

    found: list[Found]
    refused: list[Found]
    network_error: float
    outcome: Outcome
    unseen: list[sympy.Symbol]


class Search:
    """One search on one table."""

    def __init__(
        self,
        table: Table,
        functions: Sequence[Function],
        generator: torch.Generator,
        budget: Budget,
        listener: Listener | None = None,
        limits: Limits = NO_LIMITS,
        structure: Structure | None = None,
        *,
        part: PartTarget | None = None,
    ) -> None:
        """Sets a search up.

        Args:
            table: The rows.
            functions: What edges may be named.
            generator: Source of all random numbers.
            budget: When to end.
            listener: Is told what happens.
            limits: Which formulas may be offered.
            structure: The only one to train, on all columns; formulas are then read from nothing else.
            part: What is known if the table is that of one part of a law, which then is divided no further.
        """
        self._part = part
        self._limits = limits
        self._whole = table
        self._structure = structure
        self._listener = listener or Listener()
        # what has no visible influence comes back if the other columns do not explain the target
        self._table = table
        if not structure:
            with self._guarded("screening"):
                seconds = max(_SCREENING * budget.left(), _AT_LEAST)
                self._table = table.only(within(seconds, lambda: relevant(table.x, table.y, table.weight)))
        self._unseen = [symbol for symbol in table.symbols if symbol not in self._table.symbols]
        self._functions = functions
        self._generator = generator
        self._budget = budget
        self._ledger = Ledger(
            table, budget.closing, self._listener, limits, shifted=part is not None and part.op is Op.SUM
        )
        self._noise_test = NoiseTest(table, self._ledger, generator, budget.expired, self._listener)
        known_error = part.error if part else 0.0
        exact = part is None or part.exact
        self._as_good_as_exact = _KNOWN * known_error
        self._shortcuts = Shortcuts(self._table, self._ledger, self._noise_test, budget, self._listener, exact=exact)
        # next to an almost exact target short ratios imitate laws that networks find as they are
        self._before_ratios = _BEFORE_RATIOS if part is None or known_error > _NOISY else _LONG_PATIENCE
        self._drafts: list[Draft] = []
        self._waiting: list[Waiting] = []
        self._least = math.inf
        self._idle, self._tried = 0, 0
        self._best, self._best_since = self._ledger.best, 0

    def run(self) -> SearchResult:
        """Searches until the data are explained, everything was tried or the time is up."""
        outcome = Outcome.EXHAUSTED
        with self._guarded("searching"):
            try:
                outcome = within(max(self._budget.rest(), _AT_LEAST), self._rounds)
            except TimeIsUp:  # a step did not look at the clock: it is lost, the formulas are not
                outcome = Outcome.TIME_LIMIT
        ledger = self._ledger
        found, refused = (sorted(each, key=lambda f: f.finished.length) for each in (ledger.found, ledger.refused))
        unseen = [] if self._table is self._whole else self._unseen
        return SearchResult(found, refused, min((d.error for d in self._drafts), default=math.inf), outcome, unseen)

    def _guarded(self, step: str) -> guarded:
        return guarded(step, self._listener.fault)

    def _rounds(self) -> Outcome:
        if self._structure is None and (self._shortcuts.first() or self._grouped()):
            return Outcome.CONVERGED
        for number in range(_ROUNDS):
            self._table = self._whole if number else self._table
            known = (self._least, len(self._ledger.found))
            if (outcome := self._round()) is not None:
                return outcome
            self._name_best(4, Effort.THOROUGH if number else Effort.WIDE)
            if self._ledger.explains_all() or self._noise_test.passed():
                return Outcome.CONVERGED
            if (self._least, len(self._ledger.found)) == known:
                return Outcome.EXHAUSTED
        return Outcome.EXHAUSTED

    def _grouped(self) -> bool:
        """Whether products of powers of columns, in the place of the columns, show the law."""
        with self._guarded("groups"):
            return self._in_groups()
        return False

    def _in_groups(self) -> bool:
        found: list[Shortcuts] = []
        self._table = self._shortcuts.table
        for table in reduced_tables(self._table, self._noise_test.only_noise, self._generator, self._hurried):
            found.append(Shortcuts(table, self._ledger, self._noise_test, self._budget, self._listener))
            if found[-1].first():
                return True
            self._table = found[-1].table
            if self._first_networks():
                return True
        if not found:
            return False
        self._name_best(_NAMED_AT_ONCE, Effort.WIDE)
        # what the law depends on is known now: other columns are looked at only if this leads to nothing
        self._table = found[0].table
        if self._noise_test.passed():
            return is_short(self._ledger.best)
        return self._ledger.explains_all() or any(shortcuts.more_ratios() for shortcuts in found)

    def _first_networks(self) -> bool:
        """Whether one of the simplest networks explains all; a single curve is named however good it is."""
        for structure in islice(structures(self._table.x.shape[1]), _SIMPLEST):
            for lens in self._lenses():
                if len(structure.edges) > 1:
                    self._try(structure, lens)
                elif (waiting := self._trained(structure, lens)) and (draft := self._prune(waiting)):
                    self._name(draft, Effort.WIDE)
                if self._noise_left():
                    return True
        return False

    def _noise_left(self) -> bool:
        """Whether a formula explains everything, or all but noise, and no shorter one is to be expected."""
        return self._ledger.explains_all() or (self._noise_test.passed() and is_short(self._ledger.best))

    def _lenses(self) -> list[Lens]:
        names = {f.name for f in self._functions}
        return lenses(self._table.x, self._table.y, logarithms={"exp", "log"} <= names)

    def _round(self) -> Outcome | None:
        """Every structure once, through every lens."""
        views = self._lenses()
        for structure in [self._structure] if self._structure else structures(self._table.x.shape[1]):
            for lens in views:
                if self._budget.expired():
                    return Outcome.TIME_LIMIT
                if self._budget.late() and len(self._ledger.found) <= self._ledger.baselines:
                    self._name_best(4, Effort.WIDE)
                self._try(structure, lens)
                self._tried += 1
                if self._ledger.explains_all() or self._settled() or self._without_networks():
                    return Outcome.CONVERGED
        return None

    def _without_networks(self) -> bool:
        """The slower shortcuts, once the simplest networks have failed; whether one explains everything."""
        if self._structure is not None:
            return False
        at_noise = self._noise_test.passed()
        if self._tried == _BEFORE_PARTS and self._part is None and not at_noise and self._parts_found():
            return True
        if self._tried == self._before_ratios and (self._least > _NOISY or at_noise):
            return self._shortcuts.more_ratios()
        return self._tried == _BEFORE_PAIRS and self._shortcuts.pairs()

    def _parts_found(self) -> bool:
        """Whether the law has parts, and they explain everything."""

        def search(table: Table, budget: Budget, part: PartTarget) -> list[Found]:
            listener = FaultsOnly(self._listener)
            inner = Search(table, self._functions, self._generator, budget, listener, self._limits, part=part)
            return inner.run().found

        # a column that alone is not seen beside a strong part may be seen once that is described
        table = self._whole if self._table.factor == 1 and not self._table.meaning else self._table
        parts = Parts(table, self._ledger, self._noise_test, self._budget, self._listener, search)
        with self._guarded("parts"):
            return parts.solved(self._least)
        return False

    def _settled(self) -> bool:
        """Whether the best formula leaves nothing but noise, and for long nothing simpler was found."""
        if self._idle == _LONG_PATIENCE:  # the plateau may be the noise
            self._name_best(2, Effort.WIDE)
        if self._ledger.best is not self._best:
            self._best, self._best_since = self._ledger.best, self._tried
        if not self._noise_test.passed():
            return False
        if self._tried < self._best_since + _AFTERWARDS and not is_short(self._best):
            return False
        self._name_best(2, Effort.WIDE)
        return self._ledger.best is self._best

    # --- networks

    def _try(self, structure: Structure, lens: Lens) -> None:
        """Trains one structure; prunes what is promising and names what is exact."""
        waiting = self._trained(structure, lens)
        if waiting is None:
            self._idle += 1
            return
        better = waiting.error < _BETTER * self._least
        self._least = min(self._least, waiting.error)
        self._idle = 0 if better else self._idle + 1
        if waiting.error < max(_NOISY if better else _LOOKS_EXACT, self._as_good_as_exact):
            draft = self._prune(waiting)
            if draft is None:
                return
            twin = any(d.named and d.shape == draft.shape for d in self._drafts)
            if (draft.looks_exact or draft.error < self._as_good_as_exact) and not twin:
                self._name(draft, Effort.WIDE)
            return
        self._waiting.append(waiting)
        if self._idle == _PATIENCE and self._least < _HARDLY_NOISE:
            self._name_best(1, Effort.QUICK)

    def _trained(self, structure: Structure, lens: Lens) -> Waiting | None:
        lens = lens.uncentred() if structure.op(structure.output) is Op.PRODUCT else lens
        self._listener.stage(Stage.TRAIN, f"{len(structure.edges)} edges, {lens.view.value}")
        with self._guarded("training"):
            sample = self._table.seen(lens, TRAINING_ROWS)
            trained = train_structure(structure, sample, self._generator, self._budget.expired)
            if trained is not None:
                self._listener.network(len(structure.edges), trained.rmse)
                return self._measured(trained, lens)
        return None

    def _measured(self, trained: Trained, lens: Lens) -> Waiting:
        """The error of a network on the held rows, on finer grids where these help."""
        error = self._table.network_error(trained.network, lens)
        if error <= _HOPELESS * max(self._least, _NOISY):
            fine, _ = finer(trained, self._table.seen(lens, TRAINING_ROWS), self._budget.expired)
            error = min(error, self._table.network_error(fine.network, lens))
        return Waiting(trained, self._table, lens, error)

    def _prune(self, waiting: Waiting) -> Draft | None:
        with self._guarded("pruning"):
            table, lens = waiting.table, waiting.lens
            self._listener.stage(Stage.PRUNE, f"{len(waiting.trained.network.edges)} edges, {lens.view.value}")
            sample = table.seen(lens, TRAINING_ROWS)
            pruned = prune(waiting.trained, sample, self._budget.expired)
            error = table.network_error(pruned.network, lens)
            # lengths of networks seen through different lenses can only be compared in the table's own units
            length = spline_length(error, len(sample), sum(pruned.network.sizes), pruned.blur)
            draft = Draft(pruned, table, lens, length, error)
            self._drafts.append(draft)
            return draft
        return None

    def _hurried(self) -> bool:
        """Whether there is no time for more than what there is."""
        return self._budget.late() or self._budget.expired()

    # --- names

    def _name_best(self, most: int, effort: Effort) -> None:
        """Prunes the simplest of the equally good networks that wait; names the smallest of the best."""
        plateau = [w for w in self._waiting if w.error <= _PLATEAU * self._least]
        self._waiting = [w for w in self._waiting if w.error > _PLATEAU * self._least]
        for waiting in plateau[: most + 1]:
            if not self._budget.expired():
                self._prune(waiting)
        least = min((d.error for d in self._drafts), default=math.inf)

        def merit(draft: Draft) -> tuple[bool, int, float]:
            """Of equally good networks the smallest is usually the law."""
            return draft.error > _PLATEAU * least, len(draft.pruned.network.edges), draft.length

        distinct: dict[Hashable, Draft] = {}
        for draft in sorted(self._drafts, key=merit):
            distinct.setdefault(draft.shape, draft)
        for draft in list(distinct.values())[:most]:
            if not self._budget.expired() and not self._ledger.explains_all():
                self._name(draft, effort)

    def _name(self, draft: Draft, effort: Effort) -> None:
        if draft.named >= effort:
            return
        draft.named = effort
        with self._guarded("naming"):
            self._read(draft, effort)

    def _read(self, draft: Draft, effort: Effort) -> None:
        """Names the edges of a network and finishes the formulas."""
        self._listener.stage(Stage.NAME, f"{len(draft.pruned.network.edges)} edges")
        sample = draft.table.seen(draft.lens, _NAMING_ROWS)
        namer = Namer(sample, self._functions, self._budget.expired, draft.lens.logarithmic)
        named = namer(draft.pruned, effort)
        self._listener.stage(Stage.REFINE, f"{len(named)} formulas")
        for candidate in _worth_finishing(named, draft):
            if not self._budget.closing():
                with self._guarded("finishing"):
                    self._finish(candidate, draft, effort)

    def _finish(self, named: Named, draft: Draft, effort: Effort) -> None:
        output = network_expression(named.network, draft.lens.input_expressions(draft.table.symbols))
        if effort is Effort.QUICK:  # a look on the way: only an exact law is worth the time now
            right = CLEAN
        elif draft.table.holds_out:
            right = max(CLEAN, _NAMES_RIGHT * draft.pruned.mse)
        else:  # few rows, all of them fitted: splines run through every point and no name could be as good
            right = math.inf
        origin = Origin(named.network, draft.pruned.network, draft.lens, draft.table.inputs, draft.table.factor)
        expression = draft.table.factor * draft.lens.output_expression(output)
        self._ledger.add(expression, origin, lambda mse: min(mse, named.mse) <= right, draft.table.meaning)


def _worth_finishing(named: Sequence[Named], draft: Draft, most: int = 3) -> Iterator[Named]:
    """The best; the next ones only where an exact network has several names that are not exact, yet not far off."""
    for candidate in named[:most]:
        if math.isfinite(candidate.length) and candidate.mse < 4 * named[0].mse + 1e-18:
            yield candidate
        if candidate.mse < CLEAN or not draft.looks_exact or candidate.mse > 1e6 * draft.pruned.mse:
            return
