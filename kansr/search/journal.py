"""The journal of a search: what its long steps gave, so that a run that was killed need not take them again.

A search does the same again with the same table, options and seed, as long as the clock says the same. So to take
up a run that was killed, the same search runs once more. Functions marked as `recorded` are its long steps: their
results are read from the journal as far as it goes, and from there on computed and appended. In between the clock
gives the readings that it gave then.

Steps are numbered as they begin, also those inside others. The record of a step is written when it ends and stands
for the steps inside, whose records are needed only if it did not end. What is read must be the step that is called,
called with the same arguments at the same reading of the clock, else the replay has gone astray and the rest is
dropped: then it is only time that was lost.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor

from kansr.search.clock import Clock, Readings
from kansr.search.codec import pack, storable, unpack
from kansr.search.records import RecordFile

__all__ = ["Journal", "recorded"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
# Of a tensor with more numbers only the shape is compared: it holds rows.
_LARGE = 5000


@storable
@dataclass(frozen=True)
class _Step:
    """One step that has ended.

    Attributes:
        number: Its own.
        following: The number of the next step after its end.
        key: Digest of what it depends on.
        count: The clock's reading after it.
        moves: How the clock moved since the record before.
        generator: State of the random numbers after it, if it took any.
    """

    number: int
    following: int
    key: str
    count: int
    moves: list[tuple[int, int]]
    generator: Tensor | None


class _Known(NamedTuple):
    """A step that was read: its result, where in the file it begins, and how many moves of the clock stand before."""

    step: _Step
    value: bytes
    place: int
    moves: int


class Journal:
    """The journal of one search.

    Attributes:
        clock: The clock that the search goes by.
        fault: Why nothing is written any more, if that is so.

    Args:
        file: Where it is kept; nowhere when absent.
        clock: The clock of a search that is to be repeated, without a file.
    """

    def __init__(self, file: RecordFile | None = None, clock: Clock | None = None) -> None:
        self.fault = ""
        self._file = file
        self._known: list[_Known] = []
        self._number, self._next = 0, 0
        moves = self._read()
        count = self._known[-1].step.count if self._known else 0
        self.clock = clock or Clock(Readings(count, tuple(moves)))
        self._moves = len(moves)  # so many of the clock's are in the file

    def _read(self) -> list[tuple[int, int]]:
        """Takes in the file, up to the first record that this program would not have written."""
        moves: list[tuple[int, int]] = []
        for place, record in enumerate(self._file.take() if self._file else ()):
            try:
                step, value = _split(record)
                Readings(step.count, [*moves[-1:], *step.moves])
            except (ValueError, TypeError):
                self._cut(place)
                break
            known = _Known(step, value, place, len(moves))
            while self._known and self._known[-1].step.number > step.number:  # a step inside this one
                inside = self._known.pop()
                known = _Known(step, value, inside.place, inside.moves)
            self._known.append(known)
            moves += step.moves
        return moves

    @property
    def recorded(self) -> bool:
        """Whether there are steps of an earlier run that have not been read yet."""
        return self._next < len(self._known)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While this lasts, `recorded` functions are steps of this journal."""
        token = _KEPT.set(self)
        try:
            yield
        finally:
            _KEPT.reset(token)

    def step(self, name: str, arguments: Sequence[object], compute: Callable[[], _T]) -> _T:
        """The result of one step: as recorded, else computed and recorded.

        Args:
            name: Tells what is done.
            arguments: What it depends on. Those that cannot be stored, such as the rows, are not compared: they follow
                from the table and the steps before. At most one is a generator.
            compute: Does it.
        """
        number, self._number = self._number, self._number + 1
        generator = next((a for a in arguments if isinstance(a, torch.Generator)), None)
        key = _digest(name, arguments, self.clock.count)
        if self.recorded and self._known[self._next].step.number <= number:
            step, value, *_ = self._known[self._next]
            try:
                if (step.number, step.key) == (number, key) and (generator is None) == (step.generator is None):
                    result: _T = unpack(value)
                    self._taken(step, generator)
                    return result
            except ValueError:  # of another version
                pass
            self._astray()
        result = compute()
        if self._file is not None and not self.recorded and not self.clock.interrupted:
            self._append(self._file, number, key, generator, result)
        return result

    def _taken(self, step: _Step, generator: torch.Generator | None) -> None:
        if generator is not None and step.generator is not None:
            generator.set_state(step.generator)
        self.clock.skip(step.count)
        self._number = step.following
        self._next += 1

    def _append(
        self, file: RecordFile, number: int, key: str, generator: torch.Generator | None, result: object
    ) -> None:
        moves = self.clock.moves_after(self._moves)
        state = None if generator is None else generator.get_state()
        step = _Step(number, self._number, key, self.clock.count, moves, state)
        try:
            content = pack(result)
            file.append(_joined(step, content))
        except ValueError:  # a result that cannot be stored is computed again
            return
        except OSError as error:  # the search goes on; only it could not be resumed from here
            self.fault, self._file = error.strerror or str(error), None
            return
        self._moves += len(moves)

    def _astray(self) -> None:
        """Drops what follows."""
        first = self._known[self._next]
        self._cut(first.place)
        self._moves = first.moves
        del self._known[self._next :]
        self.clock.forget()

    def _cut(self, count: int) -> None:
        if self._file is not None:
            self._file.cut(count)


_KEPT: ContextVar[Journal | None] = ContextVar("_KEPT", default=None)


def recorded(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Makes a long step of the search out of a function: its result goes into the journal, if one is kept.

    What it returns must be storable, and it must depend on nothing but its arguments, the generator among them and the
    clock.
    """

    @functools.wraps(function)
    def step(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        journal = _KEPT.get()
        if journal is None:
            return function(*args, **kwargs)
        arguments = (*args, *kwargs.values())
        return journal.step(function.__qualname__, arguments, lambda: function(*args, **kwargs))

    return step


def _digest(name: str, arguments: Sequence[object], count: int) -> str:
    digest = hashlib.blake2b(f"{name} {count}".encode(), digest_size=12)
    for argument in arguments:
        if isinstance(argument, torch.Generator):
            argument = argument.get_state()
        elif isinstance(argument, Tensor) and argument.numel() > _LARGE:
            argument = tuple(argument.shape)
        try:
            digest.update(pack(argument))
        except ValueError:
            digest.update(b"-")
    return digest.hexdigest()


def _joined(step: _Step, value: bytes) -> bytes:
    head = pack(step)
    return len(head).to_bytes(4, "big") + head + value


def _split(record: bytes) -> tuple[_Step, bytes]:
    end = 4 + int.from_bytes(record[:4], "big")
    step = unpack(record[4:end])
    if not isinstance(step, _Step):
        raise ValueError("no step")
    return step, record[end:]
