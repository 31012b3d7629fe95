"""Frozen values that pass between the stages: formulas, their errors, and what a fit returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import sympy

__all__ = [
    "Candidate",
    "CellForm",
    "ColumnSource",
    "Constant",
    "EdgeRecord",
    "FitResult",
    "Metrics",
    "Outcome",
    "Recorder",
    "SilentRecorder",
    "Stage",
    "Summary",
    "TableInfo",
]


class Outcome(Enum):
    """How a search ended; the text is what the user reads."""

    CONVERGED = "the formula explains the data down to the noise"
    EXHAUSTED = "every structure was tried"
    TIME_LIMIT = "the time limit was reached"
    INTERRUPTED = "interrupted"


class Stage(Enum):
    """What the search is doing; the text is what the user reads."""

    READ = "reading"
    RELATE = "looking for relations"
    SEPARATE = "searching part by part"
    TEST = "testing what is left"
    TRAIN = "training networks"
    PRUNE = "pruning"
    NAME = "naming edges"
    REFINE = "refining constants"
    WRITE = "writing"


@dataclass(frozen=True)
class Metrics:
    """Errors of a formula on some rows, in the target's own units.

    Attributes:
        r2: Coefficient of determination.
        rmse: Root mean square error.
        nrmse: `rmse` over the standard deviation of the target on the same rows.
        mae: Mean absolute error.
        max_abs: Largest absolute error.
        rows: Number of rows.
    """

    r2: float
    rmse: float
    nrmse: float
    mae: float
    max_abs: float
    rows: int


@dataclass(frozen=True)
class Constant:
    """A fitted constant of a formula; `stderr` is None where the data cannot tell."""

    name: str
    value: float
    stderr: float | None


@dataclass(frozen=True)
class Candidate:
    """One formula with everything that was measured about it.

    Attributes:
        expression: In the symbols of `FitResult.symbols`, full precision.
        complexity: Nodes of the expression tree.
        description_length: In nats, the one score (`kansr.search.description_length`).
        metrics: By `train`, `validation`, `test`; a small table has `cross_validation` instead of the last two.
        constants: The fitted constants, in order of appearance.
    """

    expression: sympy.Expr
    complexity: int
    description_length: float
    metrics: Mapping[str, Metrics] = field(default_factory=dict)
    constants: tuple[Constant, ...] = ()


@dataclass(frozen=True)
class EdgeRecord:
    """One edge `c*f(a*x + b) + d` of the network that the chosen formula was read from.

    Attributes:
        source: Column or inner node that it starts from.
        target: Inner node that it leads to, or the target.
        node: What the target does with its edges: `+` or `*`.
        function: Name of `f` in the library.
        c: Outer factor.
        d: Outer shift.
        a: Inner factor.
        b: Inner shift.
    """

    source: str
    target: str
    node: str
    function: str
    c: float
    d: float
    a: float
    b: float


@dataclass(frozen=True)
class FitResult:
    """What a fit returns.

    Attributes:
        target: Name of the explained column.
        symbols: Column name of each feature to the symbol that stands for it in the formulas.
        best: The chosen formula.
        front: The formulas that no other one beats in both size and held-out error, simplest first; and `best`.
        noise: Estimated standard deviation of the target's noise, in its own units.
        outcome: How the search ended.
        acceptable: Whether the formula explains the target better than its mean does.
        seconds: Wall time of the search.
        notes: What the user should know, one line each.
        edges: The named network behind the chosen formula, in the scaled units that networks see; none for a formula
            that came from no network.
        weights: The spline network that was named, as named tensors in torch's format, readable with
            `weights_only=True`; empty for none.
        choice: The rule that chose `best` (`kansr.choice`).
        reason: What spoke for it, in one line; empty if unknown.
    """

    target: str
    symbols: Mapping[str, str]
    best: Candidate
    front: tuple[Candidate, ...]
    noise: float
    outcome: Outcome
    acceptable: bool
    seconds: float
    notes: tuple[str, ...] = ()
    edges: tuple[EdgeRecord, ...] = ()
    weights: bytes = b""
    choice: str = "balanced"
    reason: str = ""


@dataclass(frozen=True)
class CellForm:
    """How the cells of a column are written.

    Attributes:
        kind: What they hold.
        decimal: The decimal mark of numbers.
        thousands: Marks between thousands, each of which may stand there.
        affix: The currency or unit in front of or behind numbers, empty for none; None where any one is looked for.
        order: The order of a date, or the words for 1 and 0 with a slash between.
    """

    kind: Literal["number", "truth", "date"]
    decimal: str = "."
    thousands: str = ""
    affix: str | None = None
    order: str = ""


@dataclass(frozen=True)
class ColumnSource:
    """How a feature is made of a column that holds no plain numbers.

    Attributes:
        column: Name of the column in the table.
        form: How its cells are written.
        origin: The date that days are counted from.
        level: The level at which the feature is one.
        levels: All levels of the column; at any other one the feature has no value.
    """

    column: str
    form: CellForm | None = None
    origin: str | None = None
    level: str | None = None
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableInfo:
    """What is worth knowing of a table once its numbers are gone.

    Attributes:
        name: Short name, from the file's name.
        source: The file as the user named it.
        sha256: Digest of the file's bytes.
        features: Names of the columns that were offered to the search.
        target: Name of the explained column.
        rows_read: Rows of the file before any was left out.
        rows: Rows in each part of the split, by `train`, `validation`, `test`.
        ranges: Least and greatest value of each feature.
        notes: What was left out or changed, one line each.
        sources: What those features are made of that are no plain numbers in the table.
    """

    name: str
    source: str
    sha256: str
    features: tuple[str, ...]
    target: str
    rows_read: int
    rows: Mapping[str, int]
    ranges: Mapping[str, tuple[float, float]]
    notes: tuple[str, ...] = ()
    sources: Mapping[str, ColumnSource] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """A finished fit with where it came from: all that reports, exports and the run folder are made of."""

    result: FitResult
    table: TableInfo
    seed: int
    version: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the table and of the search, one line each."""
        return tuple(dict.fromkeys((*self.table.notes, *self.result.notes)))


class Recorder(Protocol):
    """Listens to a running fit (live progress, history file). Calls come from one thread."""

    def stage(self, stage: Stage, detail: str = "") -> None:
        """The search turned to `stage`."""

    def best(self, candidate: Candidate) -> None:
        """A better formula than all before was found."""

    def event(self, name: str, **values: float | int | str) -> None:
        """Something worth a line in the history happened."""


class SilentRecorder:
    """A recorder that records nothing."""

    def stage(self, stage: Stage, detail: str = "") -> None:
        """Ignored."""

    def best(self, candidate: Candidate) -> None:
        """Ignored."""

    def event(self, name: str, **values: float | int | str) -> None:
        """Ignored."""
