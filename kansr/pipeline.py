"""The whole job as one function: dataset -> search -> Pareto front -> result."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy
import torch

from kansr.choice import ROUNDING
from kansr.config import FitConfig
from kansr.data import Dataset, sampled
from kansr.formula.deadline import within
from kansr.formula.domain import check_domain
from kansr.formula.names import symbol_names
from kansr.formula.parse import ON_REQUEST
from kansr.formula.rewrite import shape
from kansr.functions import Function, allowed_heads, select, without_twins
from kansr.kan.edges import SymbolicEdge
from kansr.kan.state import to_state
from kansr.measuring import Judge, beyond_squares
from kansr.refitting import Answer, Timetable, chosen_of, one_pass, refitted
from kansr.results import EdgeRecord, FitResult, Outcome, Recorder, Stage
from kansr.search.budget import Budget
from kansr.search.clock import Clock
from kansr.search.columns import COLUMN_ROWS, MOST_COLUMNS, strongest
from kansr.search.driver import Search, SearchResult
from kansr.search.guard import Fault, Tell, fault_notes, guarded
from kansr.search.journal import Journal
from kansr.search.ledger import Found, Listener, Origin
from kansr.search.lens import TargetView
from kansr.search.limits import Limits
from kansr.search.robust import factors_by_formula, factors_by_network, rescored
from kansr.search.structures import layered

__all__ = ["fit"]

# Seconds for looking for poles between the rows.
_CHECKING = 2.0


def fit(
    dataset: Dataset,
    config: FitConfig,
    recorder: Recorder,
    interrupted: Callable[[], bool],
    *,
    started: float | None = None,
    journal: Journal | None = None,
) -> FitResult:
    """Searches for a formula.

    Args:
        dataset: The cleaned table.
        config: The merged configuration.
        recorder: Is told what happens.
        interrupted: Whether the user wants to stop; asked often.
        started: When the process started (`time.monotonic()`); the time limit counts from there.
        journal: Where the long steps are recorded, and read from if an earlier run of the same search was killed.

    Returns:
        The result; reaching the time limit and being interrupted are outcomes.

    Raises:
        ConfigError: If the configuration names a function that is not in the library, excludes one that must stay, or
            asks for a network with another number of inputs than there are features.
    """
    journal = journal or Journal()
    clock = journal.clock
    clock.start(interrupted, started)
    begun = clock.elapsed()
    functions = select(config.functions, config.exclude)
    free = config.functions is None and not config.exclude
    limits = Limits(None if free else allowed_heads(functions), config.max_complexity)
    faults = _Faults(recorder)
    views = _Views.of(dataset, config, symbol_names(dataset.features, _written(functions.values())), faults.tell, clock)
    bridge = _Bridge(recorder, views.judge, faults.tell)
    with journal.kept():
        result = _search(views.judge, config, functions, limits, views.budget(config), bridge)
    clock.now()  # the user may want to end after the last step too
    outcome = Outcome.INTERRUPTED if clock.interrupted else result.outcome
    offered = _measurable(_distinct(result.found), views.judge, faults.tell)
    noise = views.judge.noise(offered[0], result.network_error)
    floor = views.judge.option(offered[0]).rmse if result.outcome is Outcome.CONVERGED else 0.0
    if views.times is not None:
        recorder.stage(Stage.REFINE, "on all rows")
    answer = views.answer(offered, config, floor)
    recorder.stage(Stage.WRITE)
    best, chosen = answer.best, answer.found
    return FitResult(
        target=dataset.target,
        symbols=views.names,
        best=best,
        front=answer.front,
        noise=noise,
        outcome=outcome,
        acceptable=bool(best.expression.free_symbols),
        seconds=clock.elapsed() - begun,
        notes=(
            *views.notes(answer),
            *_faults(best.expression, views.names, dataset, faults.tell),
            *_unseen([views.judge.column(s) for s in result.unseen if s not in best.expression.free_symbols]),
            *_left_out(result.refused, answer.searched, limits),
            *beyond_squares(dataset.y),
            *fault_notes(faults.told),
        ),
        edges=_edges(chosen.origin, views.whole, dataset.target),
        weights=_weights(chosen.origin, views.whole),
        choice=config.choose,
        reason=answer.reason,
    )


@dataclass(frozen=True)
class _Views:
    """The table as the search sees it, which of a long or wide one is a part, and as a whole.

    Attributes:
        dataset: The whole table.
        names: A symbol for each of its columns.
        seen: What the search sees of it.
        whole: Measures formulas on all rows.
        judge: Measures them on the rows that the search sees.
        clock: The search's clock.
        times: When the search of a long table has to leave the rest of the time to all rows.
    """

    dataset: Dataset
    names: Mapping[str, str]
    seen: Dataset
    whole: Judge
    judge: Judge
    clock: Clock
    times: Timetable | None

    @classmethod
    def of(cls, dataset: Dataset, config: FitConfig, names: Mapping[str, str], tell: Tell, clock: Clock) -> _Views:
        """Samples the table if it is long or wide."""
        columns = _columns(dataset, config, lambda: clock.now() > config.time_limit)
        seen = sampled(dataset, config.seed, columns)
        long = len(seen.y) < len(dataset.y)
        whole = Judge(dataset, config, names, tell, cross_validates=not long)
        judge = whole if seen is dataset else Judge(seen, config, names, tell)
        times = Timetable.of(clock, config.time_limit, one_pass(whole, clock)) if long else None
        return cls(dataset, names, seen, whole, judge, clock, times)

    def budget(self, config: FitConfig) -> Budget:
        """That of the search."""
        if self.times is not None:
            return self.times.budget()
        return Budget.until(self.clock, config.time_limit, config.time_limit)

    def answer(self, offered: Sequence[Found], config: FitConfig, floor: float) -> Answer:
        """The choice, with constants fitted to all rows."""
        if self.times is None:
            return chosen_of(offered, self.judge, config.choose, floor)
        return refitted(offered, self.judge, self.whole, config.choose, floor, self.times.fits_ended)

    def notes(self, answer: Answer) -> Iterator[str]:
        """What the user should know of which rows and columns were used for what."""
        yield from _narrowed(self.seen, self.dataset)
        if self.times is not None:
            yield from self.times.notes()
        yield from answer.notes(len(self.seen.split.train), len(self.dataset.split.train))
        yield from (self.whole if self.times else self.judge).notes(answer.found.finished.template)


def _columns(dataset: Dataset, config: FitConfig, expired: Callable[[], bool]) -> list[int] | None:
    """Numbers of the features that the search looks at; None for all of them."""
    if dataset.x.shape[1] <= MOST_COLUMNS or config.structure is not None:
        return None
    rows = np.random.default_rng(config.seed).permutation(dataset.split.train)[:COLUMN_ROWS]
    x, y = torch.from_numpy(dataset.x[rows]), torch.from_numpy(dataset.y[rows])
    return strongest(x, y, expired=expired)


def _search(
    judge: Judge,
    config: FitConfig,
    functions: Mapping[str, Function],
    limits: Limits,
    budget: Budget,
    bridge: _Bridge,
) -> SearchResult:
    """The search; with Huber's loss the rows' weights come from a network before it, from the best formula after it."""
    only = None if config.structure is None else layered(config.structure, len(judge.symbols))
    generator = torch.Generator().manual_seed(config.seed)
    if config.loss == "huber":
        bridge.stage(Stage.TRAIN, "for outliers")
        with guarded("weighing outliers", bridge.fault):
            judge.reweigh(factors_by_network(judge.table(), generator, budget.late))
    search = Search(judge.table(), without_twins(functions), generator, budget, bridge, limits, only)
    result = search.run()
    if config.loss == "huber":
        with guarded("weighing outliers", bridge.fault):
            judge.reweigh(None)
            judge.reweigh(factors_by_formula(judge.table(), result.found[0], budget.closing))
            each = (_distinct(formulas) for formulas in (result.found, result.refused))
            found, refused = (rescored(formulas, judge.table(), budget.closing) for formulas in each)
            result = replace(result, found=found or result.found, refused=refused)
    return result


def _distinct(formulas: Sequence[Found]) -> list[Found]:
    """Of formulas that differ in nothing but their numbers the first one."""
    distinct: dict[Hashable, Found] = {}
    for found in formulas:
        distinct.setdefault(shape(found.finished.expression), found)
    return list(distinct.values())


def _measurable(formulas: Sequence[Found], judge: Judge, tell: Tell) -> list[Found]:
    """Those of the formulas whose errors can be told."""
    measured = []
    for found in formulas:
        with guarded("measuring errors", tell):
            judge.option(found)
            measured.append(found)
    return measured or [formulas[0]]  # without any there is nothing to be saved


def _narrowed(seen: Dataset, dataset: Dataset) -> Iterator[str]:
    if len(seen.features) < len(dataset.features):
        kept, all_of_them = len(seen.features), len(dataset.features)
        yield f"the search used the {kept:,} columns with the strongest visible influence of {all_of_them:,}"


def _unseen(columns: Sequence[str]) -> Iterator[str]:
    if columns:
        yield f"left out, no visible influence: {', '.join(columns)}"


def _left_out(refused: Sequence[Found], chosen: Found, limits: Limits) -> Iterator[str]:
    """What the user's limits cost: the best of the formulas that they leave out, where it is better than the chosen."""
    better = [f for f in refused if f.finished.length < chosen.finished.length and f.held_error < chosen.held_error]
    held = [(found, ", ".join(limits.foreign(found.finished.expression))) for found in better]
    for found, _ in [pair for pair in held if not pair[1]][:1]:
        yield f"--max-complexity leaves out a better formula: {found.complexity} nodes, {_error_text(found, chosen)}"
    for found, names in [pair for pair in held if pair[1]][:1]:
        yield f"--functions or --exclude leaves out a better formula: with {names}, {_error_text(found, chosen)}"


def _error_text(other: Found, chosen: Found) -> str:
    if other.held_error < ROUNDING**2:
        return "exact to rounding"
    return f"{math.sqrt(other.held_error / chosen.held_error):.2g} times the error"


def _written(functions: Iterable[Function]) -> frozenset[str]:
    """SymPy's names of those functions that are there only because the user asked for them."""
    return ON_REQUEST & {function.sympy(sympy.Symbol("u", real=True)).func.__name__ for function in functions}


def _faults(expression: sympy.Expr, names: Mapping[str, str], dataset: Dataset, tell: Tell) -> Iterator[str]:
    """Says where between the training rows the formula has no finite value, if that is so anywhere."""
    columns = {names[f]: column for f, column in zip(dataset.features, dataset.x.T, strict=True)}
    used = {symbol.name for symbol in expression.free_symbols}
    ranges = {}
    for symbol, column in columns.items():
        if symbol in used:
            values = column[dataset.split.train]
            ranges[symbol] = float(values.min()), float(values.max())
    notes = []
    with guarded("looking for poles", tell):
        fault = within(_CHECKING, lambda: check_domain(expression, ranges).fault)
        if fault is not None:
            place = [f"{c} = {_legible(fault.point[s], *ranges[s])}" for c, s in names.items() if s in fault.point]
            notes = [f"the formula {fault.trouble.value} the range of the data, for instance near {', '.join(place)}"]
    yield from notes


def _legible(value: float, low: float, high: float) -> str:
    """A value to a hundred-thousandth of its range."""
    return f"{round(value, 5 - math.floor(math.log10(high - low))) + 0.0:.10g}" if high > low else f"{value:.10g}"


def _edges(origin: Origin | None, judge: Judge, target: str) -> tuple[EdgeRecord, ...]:
    """The named network behind a formula, edge by edge, with the table's own names of the columns that it sees."""
    if origin is None:
        return ()
    structure = origin.named.structure
    inner = [f"node{k + 1}" for k in range(len(structure.ops) - 1)]
    seen = zip(map(judge.input, origin.inputs), origin.lens.logs, strict=True)
    columns = [f"log({column})" if log else column for column, log in seen]
    quotient = target if origin.factor == 1 else f"{target}/({origin.factor})"
    names = [*columns, *inner, origin.lens.view.value.replace("y", quotient)]
    records = []
    for edge, function in zip(structure.edges, origin.named.edges, strict=True):
        if isinstance(function, SymbolicEdge):
            constants = function.constants[0].tolist()
            node = structure.op(edge.target).value
            records.append(EdgeRecord(names[edge.source], names[edge.target], node, function.function.name, *constants))
    return tuple(records)


def _weights(origin: Origin | None, judge: Judge) -> bytes:
    """The spline network behind a formula, with the lens that scales its inputs and output.

    The lens starts with the exponents of the features in each input, `(inputs, features)`: most inputs are a feature as
    it is, some a product of powers of several.
    """
    if origin is None:
        return b""
    lens = origin.lens
    state = to_state(origin.splines) | {
        "lens.exponents": torch.tensor([judge.exponents(i) for i in origin.inputs], dtype=torch.float64),
        "lens.logs": torch.tensor(lens.logs),
        "lens.centre": lens.centre,
        "lens.scale": lens.scale,
        "lens.view": torch.tensor(list(TargetView).index(lens.view)),
        "lens.shift": torch.tensor(lens.shift, dtype=torch.float64),
        "lens.spread": torch.tensor(lens.spread, dtype=torch.float64),
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


class _Faults:
    """Keeps what was given up, and tells a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self.told: list[Fault] = []
        self._recorder = recorder

    def tell(self, fault: Fault) -> None:
        """One more."""
        self.told.append(fault)
        trace = {"trace": fault.trace} if fault.trace else {}
        self._recorder.event("fault", step=fault.step, reason=fault.trouble.value, error=fault.message, **trace)


class _Bridge(Listener):
    """Passes what the search tells on to a recorder."""

    def __init__(self, recorder: Recorder, judge: Judge, tell: Tell) -> None:
        self._recorder = recorder
        self._judge = judge
        self._tell = tell

    def stage(self, stage: Stage, detail: str = "") -> None:
        """Passes a stage on."""
        self._recorder.stage(stage, detail)

    def found(self, found: Found) -> None:
        """Passes a formula on."""
        with guarded("measuring errors", self._tell):
            self._recorder.best(self._judge.candidate(found))

    def network(self, edges: int, rmse: float) -> None:
        """Passes a trained network on."""
        self._recorder.event("network", edges=edges, rmse=rmse)

    def fault(self, fault: Fault) -> None:
        """Passes a fault on."""
        self._tell(fault)
