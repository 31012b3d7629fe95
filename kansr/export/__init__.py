"""One file per format that a formula can leave kansr in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from kansr.export.json import to_json
from kansr.export.latex import to_latex
from kansr.export.python import to_python
from kansr.export.sympy import to_sympy
from kansr.results import Summary

__all__ = ["FORMATS", "to_json", "to_latex", "to_python", "to_sympy"]

# Each gives text that ends with a line break.
FORMATS: Mapping[str, Callable[[Summary], str]] = MappingProxyType(
    {"latex": to_latex, "sympy": to_sympy, "python": to_python, "json": to_json}
)
