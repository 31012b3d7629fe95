"""A time limit for one calculation, which need not know of it: SymPy has no clock, and may take for ever.

    form = within(2.0, lambda: sympy.factor(expression))

A watchdog, one thread for all, looks at the clock twenty times a second and raises an exception in the thread whose
time is up (`PyThreadState_SetAsyncExc`). Unlike a signal this works in every thread and on every platform, leaves
SIGALRM to others, and costs a call no more than a few microseconds; unlike a child process it has the objects at hand.
It reaches Python code only, which all of SymPy and mpmath is. One call into C that takes for ever (a power of whole
numbers with millions of digits) can't be ended, and has to be kept from starting.

It's a function and no `with` block because the exception may come at any moment, also while `__exit__` begins: the
block would be over, and its limit still in force. Here whatever comes late is caught in the same frame.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import time
import weakref
from collections.abc import Callable
from typing import TypeVar

__all__ = ["TimeIsUp", "within"]

_T = TypeVar("_T")
# Seconds between two looks at the clock, and how many looks at nothing send the watchdog to sleep.
_TICK, _IDLE = 0.05, 40
_numbers = itertools.count()
_set_async_exc = ctypes.pythonapi.PyThreadState_SetAsyncExc


class TimeIsUp(Exception):  # noqa: N818 - it says what happened
    """A calculation was ended because it took longer than it may."""


class _Stop(BaseException):
    """What the watchdog raises: no `except Exception` on the way may take it for one of its own."""


class _Limit:
    """One calculation under a time limit.

    Attributes:
        number: Its own.
        thread: Where it runs.
        end: When its time is up, in `time.monotonic()`.
        open: False once it has ended.
        aimed: True while the watchdog is about to raise the exception.
        late: Whether it was raised.
    """

    __slots__ = ("__weakref__", "aimed", "end", "late", "number", "open", "thread")

    def __init__(self, seconds: float) -> None:
        self.number = next(_numbers)
        self.thread = threading.get_ident()
        self.end = time.monotonic() + seconds
        self.open = True
        self.aimed = self.late = False

    def close(self) -> None:
        """Ends it: when this returns, no exception will come any more that was meant for it."""
        while True:
            try:
                self.open = False
                while self.aimed:
                    time.sleep(0)
                if self.late:
                    _set_async_exc(ctypes.c_ulong(self.thread), None)
                return
            except _Stop:  # it came just now
                continue


class _Watchdog:
    """Watches all limits. It holds them weakly: with the frame of a calculation its limit is gone."""

    def __init__(self) -> None:
        # changed by single operations that no other thread can come between: so no lock can be left taken
        self._limits: dict[int, weakref.ref[_Limit]] = {}
        self._starting = threading.Lock()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, limit: _Limit) -> None:
        """From now on."""
        self._limits[limit.number] = weakref.ref(limit)
        if not self._awake.is_set():
            self._awake.set()
        if self._thread is None or not self._thread.is_alive():  # the second after a fork
            self._start()

    def forget(self, limit: _Limit) -> None:
        """No more."""
        self._limits.pop(limit.number, None)

    def _start(self) -> None:
        if self._starting.acquire(blocking=False):
            try:
                self._thread = threading.Thread(target=self._run, name="kansr-watchdog", daemon=True)
                self._thread.start()
            finally:
                self._starting.release()

    def _run(self) -> None:
        idle = 0
        while True:
            time.sleep(_TICK)
            watched = self._limits.copy()
            gone = [number for number, limit in watched.items() if not self._look_at(limit())]
            for number in gone:
                self._limits.pop(number, None)
            idle = 0 if len(gone) < len(watched) else idle + 1
            if idle >= _IDLE:
                self._awake.clear()
                if not self._limits:  # else one came just now
                    self._awake.wait()
                idle = 0

    @staticmethod
    def _look_at(limit: _Limit | None) -> bool:
        """Raises the exception if the time is up; whether the calculation is going on."""
        if limit is None or not limit.open:
            return False
        if time.monotonic() >= limit.end:
            # `close` sets `open` before it reads `aimed`, here it is the other way round: one of the two sees the other
            limit.aimed = True
            try:
                if limit.open:
                    limit.late = True
                    _set_async_exc(ctypes.c_ulong(limit.thread), ctypes.py_object(_Stop))
            finally:
                limit.aimed = False
        return True


_watchdog = _Watchdog()


def within(seconds: float, calculate: Callable[[], _T]) -> _T:
    """Does a calculation, or gives it up when its time is over.

    Args:
        seconds: How long it may take; an enclosing limit that ends sooner holds as well.
        calculate: Should leave nothing half done: it may end between any two of its steps.

    Raises:
        TimeIsUp: If it took longer, to a twentieth of a second.
    """
    limit = _Limit(seconds)
    try:
        try:
            _watchdog.watch(limit)
            return calculate()
        finally:
            limit.close()
            _watchdog.forget(limit)
    except _Stop:
        limit.close()
        if not limit.late:
            raise  # the time of an enclosing calculation is up
        raise TimeIsUp(f"more than {seconds:.2g} s") from None
