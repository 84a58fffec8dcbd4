"""Real databases for the soak: made once with the product's own settings, then copied fresh for every run."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil
import psycopg

from tests import postgres

ENGINES = ("sqlite", "postgres")
LEVELS = ("read committed", "repeatable read", "serializable")
_TEMPLATE = "soak_template"


@dataclass
class Database:
    """One engine with a filled template. `fresh` makes a copy and points Django at it; `url` is for other processes."""

    engine: str
    folder: Path
    make_url: Callable[[str], str]
    server: Server | None = None
    name: str = _TEMPLATE
    _number: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return self.make_url(self.name)

    @property
    def levels(self) -> tuple[str, ...]:
        """The isolation levels a race is run at. SQLite has one writer at a time, and one level."""
        return LEVELS if self.engine == "postgres" else ("one writer",)

    def fresh(self, *, guarded: bool = True) -> None:
        """A new copy of the template, in place of the last one; without its guards where a run has to go wrong."""
        from django.db import connection  # noqa: PLC0415  Django is set up by `opened`

        from clinic import guards  # noqa: PLC0415

        self.drop()
        self.name = f"soak_{os.getpid()}_{next(self._number)}"
        if self.engine == "sqlite":
            shutil.copy(self.folder / f"{_TEMPLATE}.sqlite3", self.folder / f"{self.name}.sqlite3")
        else:
            self._administer(f"CREATE DATABASE {self.name} TEMPLATE {_TEMPLATE}")
        self._point()
        if not guarded:
            guards.drop(connection)
        elif said := guards.differences(connection):
            raise AssertionError(f"The guards are not as shipped: {said}")
        connection.close()

    def drop(self) -> None:
        """Throw the copy away, so that a long soak does not fill the disk."""
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        if self.name == _TEMPLATE:
            return
        if self.engine == "sqlite":
            for file in self.folder.glob(f"{self.name}.sqlite3*"):
                file.unlink()
        else:
            self._administer(f"DROP DATABASE {self.name} WITH (FORCE)")
        self.name = _TEMPLATE

    def seal(self) -> None:
        """The template is complete: nothing of it may be left beside the file."""
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        if self.engine == "sqlite":
            with sqlite3.connect(self.folder / f"{_TEMPLATE}.sqlite3") as template:
                template.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            template.close()

    def _point(self) -> None:
        from django.db import connection  # noqa: PLC0415

        path = self.folder / f"{self.name}.sqlite3"
        connection.settings_dict["NAME"] = path if self.engine == "sqlite" else self.name

    def _administer(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as server:
            server.execute(statement)


class Server:
    """A durable PostgreSQL that can be killed like a machine that loses power to its processes, and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.options = folder, postgres.who_may_run_it(folder)
        found = postgres.binaries()
        if found is None:
            raise RuntimeError(postgres.MISSING)
        source = postgres.reachable(found, folder, self.options)
        postgres.run(source / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                     "--locale=C.UTF-8", "--no-sync", **self.options)  # fmt: skip
        self.control = (source / "pg_ctl", "-D", folder / "data", "-w")

    def start(self) -> float:
        """Seconds until it takes connections again. fsync and synchronous_commit are as PostgreSQL delivers them: on."""
        started = time.monotonic()
        settings = f"-c listen_addresses='' -k {self.folder} -c recovery_init_sync_method=syncfs"
        postgres.run(*self.control, "-l", self.folder / "log", "-o", settings, "start", **self.options)
        return time.monotonic() - started

    def kill(self) -> None:
        """kill -9 of the server and of every process of it."""
        postmaster = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
        postmaster.suspend()  # it starts no new process while the others are listed
        family = [*postmaster.children(recursive=True), postmaster]
        for process in family:
            os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs(family, timeout=20)

    def stop(self) -> None:
        postgres.run(*self.control, "-m", "immediate", "stop", **self.options)


@contextmanager
def opened(engine: str, *, durable: bool = False) -> Iterator[Database]:
    """Set Django up on a database of its own, with every table, guard and rule in it."""
    with _engine(engine, durable=durable) as database:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "DATABASE_URL": database.url,
        }
        import django  # noqa: PLC0415  the environment must be set first

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        from tests import factories  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        factories.load_catalogue()
        database.seal()
        try:
            yield database
        finally:
            database.drop()


@contextmanager
def _engine(engine: str, *, durable: bool) -> Iterator[Database]:
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="clinic-soak-") as name:
            folder = Path(name)
            yield Database(engine, folder, lambda name: f"sqlite:///{folder / name}.sqlite3")
    elif durable:
        with _durable_server() as server:
            yield _on_server(server.folder, server)
    else:
        with postgres.cluster() as folder:
            yield _on_server(folder)


def _on_server(folder: Path, server: Server | None = None) -> Database:
    database = Database("postgres", folder, lambda name: f"postgresql://postgres@/{name}?host={folder}", server)
    database._administer(f"CREATE DATABASE {_TEMPLATE}")
    return database


@contextmanager
def _durable_server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="clinic-soak-"))
    try:
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
