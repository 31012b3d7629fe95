"""Writing a run folder."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType

import yaml

from kansr import __version__
from kansr.config import FitConfig
from kansr.data.dataset import Dataset
from kansr.errors import RunDirectoryError
from kansr.export import to_json, to_latex, to_python
from kansr.report.markdown import to_markdown
from kansr.results import FitResult, Summary, TableInfo
from kansr.rundir.candidates import candidates_csv, edges_csv
from kansr.rundir.files import write_file
from kansr.text import safe_name, visible

__all__ = ["RunDirectory", "check_free", "default_path", "summarise", "table_info"]

_PACKAGES = ("numpy", "pandas", "scipy", "sympy", "torch")


def summarise(dataset: Dataset, config: FitConfig, result: FitResult) -> Summary:
    """Puts a result together with where it came from."""
    return Summary(result, table_info(dataset, config), config.seed, __version__)


def table_info(dataset: Dataset, config: FitConfig) -> TableInfo:
    """What the run folder keeps of the table."""
    split = dataset.split
    lows, highs = dataset.x.min(axis=0).tolist(), dataset.x.max(axis=0).tolist()
    return TableInfo(
        name=dataset.name,
        source=visible(config.data),
        sha256=dataset.sha256,
        features=dataset.features,
        target=dataset.target,
        rows_read=dataset.rows_read,
        rows={"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        ranges=dict(zip(dataset.features, zip(lows, highs, strict=True), strict=True)),
        notes=dataset.notes,
        sources=dataset.sources,
    )


def default_path(name: str) -> Path:
    """A folder of its own below `runs/` for a table called `name`."""
    stem = Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-{safe_name(name)}"
    path, number = stem, 2
    while path.exists():
        path, number = stem.with_name(f"{stem.name}-{number}"), number + 1
    return path


def check_free(path: Path) -> None:
    """Checks that a fit may write to `path`.

    Raises:
        RunDirectoryError: If it is a file, a folder that cannot be read, or a folder that is not empty.
    """
    try:
        names = {child.name for child in path.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunDirectoryError(f"--out {path}: {error.strerror}", "choose a new or an empty folder") from None
    if "status.json" in names:
        raise RunDirectoryError(f"--out {path}: holds a finished run", "choose another folder, or remove this one")
    if "config.yaml" in names:
        message = f"--out {path}: holds a run that is still going on or was killed"
        raise RunDirectoryError(message, "choose another folder, or remove this one")
    if names:
        raise RunDirectoryError(f"--out {path}: the folder is not empty", "choose a new or an empty folder")


class RunDirectory:
    """A run folder being written; an exception before `finish` has ended removes all of it.

    Args:
        path: A folder that is empty or does not exist.
        config: Saved at once.

    Raises:
        RunDirectoryError: On entering, if the folder is not free or cannot be written.
    """

    def __init__(self, path: Path, config: FitConfig) -> None:
        self.path = path
        self._config = config
        self._folders: list[Path] = []
        self._files: list[Path] = []

    def __enter__(self) -> RunDirectory:
        check_free(self.path)
        try:
            missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            self._folders = missing
            self._write("config.yaml", _yaml(self._config))
        except OSError as error:
            self._remove()
            raise self._unwritable(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and not (self.path / "status.json").exists():
            self._remove()

    def finish(self, summary: Summary, history: str) -> None:
        """Writes everything else.

        Args:
            summary: The finished fit.
            history: Content of `history.csv`.

        Raises:
            RunDirectoryError: If a file cannot be written, for instance on a full disk.
        """
        contents: dict[str, str | bytes] = {
            "environment.json": _json(_environment()),
            "dataset.json": _json(asdict(summary.table)),
            "history.csv": history,
            "candidates.csv": candidates_csv(summary.result),
            "edges.csv": edges_csv(summary.result),
            "network.pt": summary.result.weights,
            "formula.json": to_json(summary),
            "formula.tex": to_latex(summary),
            "formula.py": to_python(summary),
            "report.md": to_markdown(summary),
            "status.json": _json(_status(summary.result)),
        }
        try:
            for name, content in contents.items():
                if content:
                    self._write(name, content)
        except OSError as error:
            raise self._unwritable(error) from None

    def _write(self, name: str, content: str | bytes) -> None:
        self._files.append(self.path / name)
        write_file(self.path / name, content, follow=False)

    def _unwritable(self, error: OSError) -> RunDirectoryError:
        message = f"--out {self.path}: cannot be written: {error.strerror}"
        return RunDirectoryError(message, "choose another folder with --out")

    def _remove(self) -> None:
        """Removes what was written, and the folders that were not there before."""
        for file in self._files:
            file.unlink(missing_ok=True)
        for folder in self._folders:
            try:
                folder.rmdir()
            except OSError:  # somebody else uses it by now
                return


def _environment() -> Mapping[str, object]:
    return {
        "kansr": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }


def _status(result: FitResult) -> Mapping[str, object]:
    return {
        "outcome": result.outcome.name.lower(),
        "acceptable": result.acceptable,
        "seconds": round(result.seconds, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _yaml(config: FitConfig) -> str:
    text: str = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return text
