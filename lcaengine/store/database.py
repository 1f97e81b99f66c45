"""The database behind the store: SQLite (WAL) or PostgreSQL, its connections and its migrations.

A migration is one transaction on both: interrupted at any moment, the tables are those of before. Servers that start at
once migrate one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from lcaengine import settings
from lcaengine.problems import Problem, Refused

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 15
POOL = {"pool_size": 8, "max_overflow": 56, "pool_timeout": 15}  # never fewer than a server's threads; few stay open
POSTGRES = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=30s -c lock_timeout=15s -c idle_in_transaction_session_timeout=120s",
}
_MIGRATION_LOCK = 7_301_920_246  # any number that only we use


class NoStore(Refused):
    """The database cannot be opened."""

    status = 503


def default_url() -> str:
    return f"sqlite:///{user_data_path('lcaengine') / 'lcaengine.sqlite'}"


def open_engine(url: str | None = None) -> Engine:
    """The database at a URL (default: ``LCAENGINE_DATABASE``, else SQLite in the user's data folder), migrated; raises `NoStore`."""
    engine = engine_of(url)
    try:
        with told():
            migrate(engine)
    except Refused:
        engine.dispose()
        raise
    return engine


@contextmanager
def opened(url: str | None = None, create: bool = True) -> Iterator[Engine]:
    """The database at a URL as it is, for one task, and closed after it; raises `NoStore`."""
    engine = engine_of(url, create)
    try:
        with told():
            yield engine
    finally:
        engine.dispose()


def engine_of(url: str | None = None, create: bool = True) -> Engine:
    """The database at a URL as it is; a SQLite file that is not there is made, empty, unless not to. Raises `NoStore`."""
    parsed = make_url(url or settings.DATABASE.value() or default_url())
    with told():
        if parsed.get_backend_name() != "sqlite":
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")  # psycopg 3, of the extra "postgres"
            given = {name: value for name, value in POSTGRES.items() if name not in parsed.query}
            return create_engine(parsed, connect_args=given, pool_pre_ping=True, pool_recycle=1800, **POOL)
        if parsed.database in (None, "", ":memory:"):
            engine = create_engine(parsed)
        else:
            engine = create_engine(parsed, **POOL)
            if "uri" not in parsed.query:
                _keep_to_file(engine, Path(str(parsed.database)).absolute(), create)
        event.listen(engine, "connect", _sqlite_settings)
        return engine


@contextmanager
def told() -> Iterator[None]:
    """Why a database cannot be opened, as `NoStore`."""
    try:
        yield
    except (OSError, SQLAlchemyError, ImportError) as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise NoStore(Problem("no_store", "--database", {"why": why})) from error


def _keep_to_file(engine: Engine, path: Path, create: bool) -> None:
    """Made here or not at all: a file that is moved away later is neither made anew, empty, nor written to elsewhere."""
    if create and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    @event.listens_for(engine, "do_connect")
    def open_existing(_: Any, __: Any, arguments: Any, settings: dict[str, Any]) -> None:
        arguments[:] = [f"{path.as_uri()}?mode=rw"]
        settings["uri"] = True

    @event.listens_for(engine, "connect")
    def remember(_: Any, record: Any) -> None:
        record.info["file"] = _file_number(path)

    @event.listens_for(engine, "checkout")
    def same(_: Any, record: Any, __: Any) -> None:
        if record.info["file"] != _file_number(path):
            raise DisconnectionError  # the pool connects anew


def _file_number(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sqlite_settings(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")  # INSERT OR REPLACE is a removal, too
    cursor.execute("PRAGMA journal_size_limit=67108864")  # what a long reader let grow is given back
    cursor.close()


def revisions() -> list[str]:
    """The migrations that this program knows, in order."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def revision_of(connection: Connection) -> str | None:
    """The last migration of a database; None where there is none. Raises `NoStore` for one of a newer program."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found is not None:
        check_known(found)
    return found


def check_known(revision: str) -> None:
    """Raises `NoStore` for a revision of a newer program."""
    if revision not in revisions():
        raise NoStore(Problem("store_newer", "--database", {"revision": revision, "known": revisions()[-1]}))


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables up to a revision; a newer database stays as it is. Raises `NoStore` for one of a newer program."""
    wanted = revisions()[-1] if revision == "head" else revision
    with engine.connect() as connection:
        if (revision_of(connection) or "") >= wanted:
            return
    with engine.connect() as connection, alone(connection):
        upgrade(connection, wanted)


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """One transaction, tables included, while no other migrates: committed at the end, or nothing of it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # a table that is written anew keeps what refers to it
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        without_timeouts(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def without_timeouts(connection: Connection) -> None:
    """This transaction may take as long as it takes; only for PostgreSQL."""
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        connection.exec_driver_sql(f"SET LOCAL {name} = 0")


def upgrade(connection: Connection, revision: str) -> None:
    """The migrations up to a revision, with Alembic, within the transaction of the connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
