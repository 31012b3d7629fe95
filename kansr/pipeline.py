"""The whole job as one function: dataset -> search -> Pareto front -> result."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

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
from kansr.refitting import Timetable, chosen_of, one_pass, refitted
from kansr.results import EdgeRecord, FitResult, Outcome, Recorder, Stage
from kansr.search.budget import Budget
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
    names = symbol_names(dataset.features, _written(functions.values()))
    columns = _columns(dataset, config, lambda: clock.now() > config.time_limit)
    seen = sampled(dataset, config.seed, columns)
    long = len(seen.y) < len(dataset.y)
    faults = _Faults(recorder)
    whole = Judge(dataset, config, names, faults.tell, cross_validates=not long)
    judge = whole if seen is dataset else Judge(seen, config, names, faults.tell)
    times = Timetable.of(clock, config.time_limit, one_pass(whole, clock)) if long else None
    budget = Budget.until(clock, config.time_limit, config.time_limit) if times is None else times.budget()
    with journal.kept():
        result = _search(judge, config, functions, limits, budget, _Bridge(recorder, judge, faults.tell))
    clock.now()  # the user may want to end after the last step too
    outcome = Outcome.INTERRUPTED if clock.interrupted else result.outcome
    offered = _measurable(_distinct(result.found), judge, faults.tell)
    noise = judge.noise(offered[0], result.network_error)
    floor = judge.option(offered[0]).rmse if result.outcome is Outcome.CONVERGED else 0.0
    if times is not None:
        recorder.stage(Stage.REFINE, "on all rows")
    final = (
        chosen_of(offered, judge, config.choose, floor)
        if times is None
        else refitted(offered, judge, whole, config.choose, floor, times.fits_ended)
    )
    recorder.stage(Stage.WRITE)
    best, chosen = final.best, final.found
    return FitResult(
        target=dataset.target,
        symbols=names,
        best=best,
        front=final.front,
        noise=noise,
        outcome=outcome,
        acceptable=bool(best.expression.free_symbols),
        seconds=clock.elapsed() - begun,
        notes=(
            *_narrowed(seen, dataset),
            *(times.notes() if times else ()),
            *final.notes(len(seen.split.train), len(dataset.split.train)),
            *(whole if long else judge).notes(chosen.finished.template),
            *_faults(best.expression, names, dataset, faults.tell),
            *_unseen([judge.column(s) for s in result.unseen if s not in best.expression.free_symbols]),
            *_left_out(result.refused, final.searched, limits),
            *beyond_squares(dataset.y),
            *fault_notes(faults.told),
        ),
        edges=_edges(chosen.origin, whole, dataset.target),
        weights=_weights(chosen.origin, whole),
        choice=config.choose,
        reason=final.reason,
    )


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
