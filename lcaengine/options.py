"""What every command shares: language, JSON, and problems that are shown instead of a stack trace."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lcaengine.problems import Language, Problem, Refused
from lcaengine.terminal import Terminal, default_language

if TYPE_CHECKING:
    from lcaengine.bom import Bom
    from lcaengine.store import Store

F = TypeVar("F", bound=Callable[..., Any])


def language_option(command: F) -> F:
    return click.option(
        "--lang",
        type=click.Choice(["zh", "en"]),
        default=default_language,
        help="Language. 语言。默认按环境。",
    )(command)


def database_option(command: F) -> F:
    return click.option("--database", default=None, help="Database URL. [default: SQLite in the user's data folder]")(
        command
    )


@contextmanager
def existing_store(database: str | None) -> Iterator[Store]:
    """The store that is there, migrated; none is made. Raises `Refused`."""
    from lcaengine.store import Store
    from lcaengine.store.database import migrate, opened

    with opened(database, create=False) as engine:
        migrate(engine)
        yield Store(engine)


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


def read_file(path: Path) -> bytes:
    """A file's bytes; raises `Refused`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(Problem("no_file", "", {"path": str(path), "why": error.strerror or str(error)})) from error


def write_file(path: Path, data: bytes) -> None:
    """Written aside and moved into place, so that nothing is half-written; raises `Refused`."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise Refused(Problem("cannot_write", "", {"path": str(path), "why": error.strerror or str(error)})) from error


def boms_of(path: Path) -> list[Bom]:
    """Every product of a file."""
    from lcaengine.bom import read_products

    return [bom for _, bom in read_products(read_file(path), path.suffix)]
