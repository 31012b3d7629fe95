"""Reading a YAML file that a user wrote."""

from __future__ import annotations

from pathlib import Path

import yaml

from kansr.errors import KansrError

__all__ = ["read_yaml"]


def read_yaml(file: Path, error: type[KansrError], hint: str, *, option: str = "") -> object:
    """The content of a YAML file: mappings, lists, text and numbers, never other objects.

    Args:
        file: Path of the file.
        error: What to raise.
        hint: What the user should write instead if this is no YAML.
        option: The option that named the file, such as `--config`, to be said if it cannot be opened.

    Raises:
        KansrError: Of the kind `error`, if the file cannot be read or is not YAML.
    """
    name = f"{option} {file}".strip()
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as failure:
        raise error(f"{name}: {failure.strerror}", "give the path of a YAML file") from None
    except UnicodeDecodeError:
        raise error(f"{name}: not a text file in UTF-8", "give the path of a YAML file") from None
    except (yaml.YAMLError, ValueError, RecursionError) as failure:
        mark = getattr(failure, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(failure, "problem", None) or "cannot be read"
        raise error(f"{file}{line}: not YAML: {problem}", hint) from None
