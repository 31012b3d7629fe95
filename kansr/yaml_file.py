"""Reading YAML that anybody may have written: mappings, lists, text and numbers, in time for the file's length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kansr.errors import KansrError
from kansr.text import brief

__all__ = ["parse_yaml", "read_yaml"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
# Python takes quadratic time for a number's digits, and refuses to print more than 4300.
MAX_NUMBER = 100
_TEXT = "tag:yaml.org,2002:str"


class _Refused(yaml.MarkedYAMLError):
    """YAML, but not of the kind that is read here."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without what makes small files large or their meaning unclear.

    An alias stands for a copy of what its anchor marks: ten lines of them spell a billion values.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _refused(event, "an anchor or alias (& or *): write the value out, or quote it")
        if getattr(event, "tag", None) is not None:
            raise _refused(event, "a tag (!): write the value without it, or quote it")
        if self._depth >= MAX_DEPTH:
            raise _refused(event, f"nested more than {MAX_DEPTH} levels deep")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, yaml.ScalarNode) and node.tag != _TEXT and len(node.value) > MAX_NUMBER:
            raise _refused(node, f"a number of {len(node.value)} characters")
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT:
                raise _refused(key, "a key that is no text: quote it")
            if key.value in seen:
                raise _refused(key, f"the key {brief(key.value)} is there twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refused(place: Any, problem: str) -> _Refused:
    return _Refused(problem=problem, problem_mark=place.start_mark)


def parse_yaml(text: str) -> object:
    """The content of a YAML text.

    Raises:
        ValueError: If it is no YAML of this kind; says on which line and why.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f": longer than {MAX_BYTES:,} characters")
    try:
        return yaml.load(text, Loader=_Loader)  # a stricter safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as failure:
        mark = getattr(failure, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(failure, "problem", None) or "cannot be read"
        what = "" if isinstance(failure, _Refused) else "not YAML: "
        raise ValueError(f"{line}: {what}{problem}") from None


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
        with file.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise error(f"{name}: larger than {MAX_BYTES // 1_000_000} MB", "give the path of a YAML file")
        text = raw.decode("utf-8-sig")
    except OSError as failure:
        raise error(f"{name}: {failure.strerror}", "give the path of a YAML file") from None
    except UnicodeDecodeError:
        raise error(f"{name}: not a text file in UTF-8", "give the path of a YAML file") from None
    except ValueError:  # a NUL in the path
        raise error(f"{name}: no such file", "give the path of a YAML file") from None
    try:
        return parse_yaml(text)
    except ValueError as failure:
        raise error(f"{file}{failure}", hint) from None
