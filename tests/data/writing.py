"""Helpers of the data tests."""

from __future__ import annotations

from pathlib import Path

from kansr.config import FitConfig
from kansr.data import Dataset, load

__all__ = ["load_text", "write"]


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def load_text(folder: Path, content: str | bytes, **options: object) -> Dataset:
    return load(FitConfig(data=write(folder, content), **options))
