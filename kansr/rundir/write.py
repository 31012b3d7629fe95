"""Writing a run folder."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
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
from kansr.rundir.environment import Environment
from kansr.rundir.files import left_behind, write_file
from kansr.rundir.read import LAYOUT
from kansr.rundir.resume import JOURNAL, check_same, check_versions, owner
from kansr.search.clock import Readings
from kansr.search.records import RecordFile
from kansr.text import safe_name, visible

__all__ = ["RunDirectory", "check_free", "default_path", "summarise", "table_info"]


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
        raise RunDirectoryError(message, "--resume goes on with it, or choose another folder")
    if names:
        raise RunDirectoryError(f"--out {path}: the folder is not empty", "choose a new or an empty folder")


class RunDirectory:
    """A run folder being written.

    An exception before `finish` has ended removes all of it, but a run that the user stopped, or that was there
    before, stays and can be resumed.

    Attributes:
        path: The folder.
        journal: Where the search records its long steps.

    Args:
        path: A folder that is empty or does not exist.
        config: Saved at once.
        table: What was read of the table; saved at once too.
        resume: Whether the folder may hold an unfinished run of this fit, to be taken up.

    Raises:
        RunDirectoryError: On entering, if the folder is not free, holds the run of another fit or one that is still
            going on, or cannot be written.
    """

    def __init__(self, path: Path, config: FitConfig, table: TableInfo | None = None, *, resume: bool = False) -> None:
        self.path = path
        from kansr.search.journal import Journal  # needs torch, which who only reads run folders need not load

        self.journal = Journal()
        self._config = config
        self._table = table
        self._resume = resume
        self._kept = False
        self._records: RecordFile | None = None
        self._folders: list[Path] = []
        self._files: list[Path] = []

    def __enter__(self) -> RunDirectory:
        self._kept = self._resume and self._begun()
        if not self._kept:
            check_free(self.path)
        try:
            missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            self._folders = missing
            self._open()
        except BlockingIOError:
            message = f"--out {self.path}: another process is working on this run"
            raise RunDirectoryError(message, "wait until it has ended, or choose another folder") from None
        except OSError as error:
            self._close()
            self._remove()
            raise self._unwritable(error) from None
        return self

    def _begun(self) -> bool:
        """Whether there is a run to be resumed; what a process left that was killed while it began one is none."""
        if not (self.path / "config.yaml").is_file():
            for file in left_behind(self.path, "config.yaml"):
                file.unlink(missing_ok=True)
            return False
        if (self.path / "status.json").is_file():
            return False
        if self._table is not None:
            check_same(self.path, self._config, self._table)
        check_versions(self.path)
        return True

    def _open(self) -> None:
        """The configuration comes first: it marks the folder as that of a run."""
        from kansr.search.journal import Journal

        if not self._kept:
            self._write("config.yaml", _yaml(self._config))
        if self._table is None:
            return
        self._files.append(self.path / JOURNAL)
        self._records = RecordFile(self.path / JOURNAL, owner(self._config, self._table))
        if self._kept:  # nobody else works here: the journal is locked
            for file in left_behind(self.path):
                file.unlink(missing_ok=True)
            self._write("config.yaml", _yaml(self._config))
        self._write("dataset.json", _json(asdict(self._table)))
        self._write("environment.json", _json(Environment.here().model_dump()))
        self.journal = Journal(self._records)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
        if (self.path / "status.json").exists():
            (self.path / JOURNAL).unlink(missing_ok=True)
        elif isinstance(error, Exception):
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
            "environment.json": _json(Environment.here().model_dump()),
            "dataset.json": _json(asdict(summary.table)),
            "clock.json": _clock(self.journal.clock.readings),
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

    def _close(self) -> None:
        if self._records is not None:
            self._records.close()

    def _unwritable(self, error: OSError) -> RunDirectoryError:
        message = f"--out {self.path}: cannot be written: {error.strerror}"
        return RunDirectoryError(message, "choose another folder with --out")

    def _remove(self) -> None:
        """Removes what was written, and the folders that were not there before; nothing of a run that was."""
        if self._kept:
            return
        for file in self._files:
            file.unlink(missing_ok=True)
        for folder in self._folders:
            try:
                folder.rmdir()
            except OSError:  # somebody else uses it by now
                return


def _status(result: FitResult) -> Mapping[str, object]:
    return {
        "schema": LAYOUT,
        "kansr": __version__,
        "outcome": result.outcome.name.lower(),
        "acceptable": result.acceptable,
        "seconds": round(result.seconds, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _clock(readings: Readings) -> str:
    """When the search's clock moved, for repeating the search; one line, for there are many."""
    return json.dumps({"count": readings.count, "moves": readings.moves}, separators=(",", ":")) + "\n"


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _yaml(config: FitConfig) -> str:
    text: str = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return text
