"""A fault in the work on one candidate costs that candidate, not the run.

    with guarded("training", listener.fault):
        return train_structure(...)
    return None

Of hundreds of candidates some meet numbers beyond float64, a matrix without an inverse, an expression that SymPy can't
handle, or more memory than there is. All of these are expected, counted, and told in one note.

Anything else is a bug in kansr. The user shall neither lose the formulas found so far for it, nor be left in the dark:
the candidate is given up too, the note says that it was an internal error, and the history holds the traceback. It's
also a warning (`InternalError`), so that wherever warnings are errors, as in the tests, it's as loud as ever.
"""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import TypeAlias

import numpy as np
import torch

from kansr.errors import FormulaError
from kansr.formula.deadline import TimeIsUp

__all__ = ["Fault", "InternalError", "Tell", "Trouble", "fault_notes", "guarded"]

# Whose exceptions, whatever they are, say that an expression is beyond them.
_SYMBOLIC = {"sympy", "mpmath"}
# Part of torch's interface, though not of its types.
_TorchLinAlgError: type[Exception] = vars(torch.linalg)["LinAlgError"]
# What torch says where memory is short; it has no exception of its own for that.
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


class Trouble(Enum):
    """Why a candidate was given up."""

    MEMORY = "out of memory"
    TIME = "a calculation took too long"
    SINGULAR = "a matrix without a solution"
    ARITHMETIC = "numbers out of range"
    SYMBOLIC = "an expression that SymPy cannot handle"
    INTERNAL = "an internal error"


class InternalError(RuntimeWarning):
    """A bug was met, and survived."""


@dataclass(frozen=True)
class Fault:
    """One candidate that was given up. It holds text alone: an exception would keep all its frames in memory.

    Attributes:
        step: What was being done, such as "training".
        trouble: The kind of fault.
        message: The exception in one line.
        trace: The traceback of an internal error; empty for all others.
    """

    step: str
    trouble: Trouble
    message: str
    trace: str = ""

    @classmethod
    def of(cls, error: Exception, step: str) -> Fault:
        """What an exception means."""
        trouble = _trouble(error)
        message = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        trace = "".join(traceback.format_exception(error)) if trouble is Trouble.INTERNAL else ""
        return cls(step, trouble, message, trace)


Tell: TypeAlias = Callable[[Fault], None]


class guarded:  # noqa: N801 - reads as a verb, like those of contextlib
    """Encloses the work on one candidate: exceptions end here and are told.

    Ctrl-C, `SystemExit` and the end of an enclosing time limit pass: they are no `Exception`.

    Args:
        step: What is being done.
        tell: Is told of a fault.
    """

    def __init__(self, step: str, tell: Tell) -> None:
        self._step, self._tell = step, tell

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, InternalError):
            return False
        fault = Fault.of(error, self._step)
        if fault.trouble is Trouble.INTERNAL:
            try:
                warnings.warn(f"{fault.step}: {fault.message}", InternalError, stacklevel=2)
            except InternalError as loud:
                raise loud from error
        self._tell(fault)
        return True


def fault_notes(faults: Sequence[Fault]) -> Iterator[str]:
    """What the user should know of the candidates that were given up: one line, and one more for internal errors."""
    if not faults:
        return
    counts = Counter(fault.trouble for fault in faults)
    told = ", ".join(f"{trouble.value} ({counts[trouble]})" for trouble in Trouble if counts[trouble])
    yield f"{len(faults)} candidate{'s were' if len(faults) > 1 else ' was'} given up: {told}"
    internal = next((fault for fault in faults if fault.trouble is Trouble.INTERNAL), None)
    if internal is not None:
        yield f"this is a bug in kansr, please report it with history.csv: {internal.message} in {internal.step}"


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, TimeIsUp):
        return Trouble.TIME
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _NO_MEMORY)
    ):
        return Trouble.MEMORY
    if isinstance(error, (_TorchLinAlgError, np.linalg.LinAlgError)) or "torch.linalg." in str(error):
        return Trouble.SINGULAR
    if isinstance(error, ArithmeticError):
        return Trouble.ARITHMETIC
    if isinstance(error, (RecursionError, FormulaError)) or _raised_in(error) in _SYMBOLIC:
        return Trouble.SYMBOLIC
    return Trouble.INTERNAL


def _raised_in(error: Exception) -> str:
    """The package whose code raised an exception."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return "" if frame is None else str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
