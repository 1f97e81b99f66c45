"""What every command shares: language, JSON, and problems that are shown instead of a stack trace."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from lcaengine.problems import Language, Refused
from lcaengine.terminal import Terminal, default_language

F = TypeVar("F", bound=Callable[..., Any])


def language_option(command: F) -> F:
    return click.option(
        "--lang",
        type=click.Choice(["zh", "en"]),
        default=default_language,
        help="Language. 语言。默认按环境。",
    )(command)


def json_option(command: F) -> F:
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON: what the API answers, a list for a plant file. 输出 JSON。"
    )(command)


def shows_problems(command: F) -> F:
    """Problems are shown with their place and the next action, never as a stack trace; exit code 2."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Refused as refused:
            language: Language = kwargs.get("lang") or default_language()
            from rich.console import Console

            Terminal(language, Console(stderr=True, highlight=False)).problems(refused.problems)
            sys.exit(2)

    return wrapped  # type: ignore[return-value]


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
