"""Errors in a command line: what is wrong, and what the person may have meant."""

from __future__ import annotations

import re
from typing import Any

from kansr.errors import did_you_mean

__all__ = ["usage_hint", "usage_message"]


def usage_message(error: Any) -> str:
    """The message of a usage error of Typer, without its own guesses."""
    message = re.sub(r"\s*(\(Possible options: .*\)|Did you mean .*)$", "", error.format_message(), flags=re.DOTALL)
    return message.replace("Value error, ", "")


def usage_hint(error: Any) -> str:
    """A hint for a usage error of Typer: the nearest option, value or command, else where the help is."""
    context = getattr(error, "ctx", None)
    if context is None:
        return "see 'kansr --help'"
    return _near(error, context.command) or f"see '{context.command_path} --help'"


def _near(error: Any, command: Any) -> str:
    if option := getattr(error, "option_name", None):
        return did_you_mean(option, [name for parameter in command.params for name in parameter.opts])
    message = usage_message(error)
    if found := re.search(r"No such command '(.*)'", message, re.DOTALL):
        return did_you_mean(found[1], getattr(command, "commands", ()))
    if found := re.search(r"'([^']*)' is not one of (.*)", message, re.DOTALL):
        return did_you_mean(found[1], re.findall("'([^']*)'", found[2]))
    return ""
