# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The file of a store: opened, checked, read and written by one process alone.

SQLite with a write-ahead log (WAL) that is synchronized at every commit: what is committed survives the end of the
process at any instant and the loss of power. https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html
"""

import os
import sqlite3
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from .errors import StoreError
from .rows import APPLICATION_ID, COLUMNS, HOLDER, SCHEMA, SCHEMA_VERSION, Operation, Row, checksum

_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# Python's sqlite3 cannot decode the message of an error that quotes damaged text.
_FAILURES = (sqlite3.Error, UnicodeDecodeError)
Save = Sequence[Operation]


class Database:
    """An open store file; the lock on it is held until `close`. Its methods may be called by any thread."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it if there is none; its directory must exist.

        Raises StoreError, and leaves the file as it is, if it is not a store, is one of another schema version, is
        damaged, or is open elsewhere.
        """
        self.path = path
        self._using = threading.Lock()
        try:
            if not os.path.lexists(path):
                _create(path)
            _check_owner(path)
            self._connection = _connect(path, "mode=rw")
            try:
                self._connection.create_function("checksum", -1, checksum, deterministic=True)
                self._lock()
                self._check()
            except (*_FAILURES, StoreError):
                self._connection.close()
                raise
        except (*_FAILURES, OSError) as error:
            raise _error(path, "cannot be opened", error) from error

    def _lock(self) -> None:
        execute = self._connection.execute
        # Before the first access in WAL mode: then the index of the log is in this process' memory, and nobody else
        # can even read the file (https://www.sqlite.org/wal.html, section 8).
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("BEGIN EXCLUSIVE")
        execute("COMMIT")

    def _check(self) -> None:
        execute = self._connection.execute
        (answer,) = execute("PRAGMA integrity_check(1)").fetchone()
        if answer != "ok":
            raise StoreError(f"{self.path} is damaged: {answer}")
        tables = dict(execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
        if tables != SCHEMA:
            raise StoreError(f"{self.path} is damaged: its tables are not those of schema version {SCHEMA_VERSION}")
        for table, columns in COLUMNS.items():
            names = ", ".join(columns)
            sql = f"SELECT {names} FROM {table} WHERE checksum IS NOT checksum({names}) LIMIT 1"
            if (row := execute(sql).fetchone()) is not None:
                raise StoreError(f"{self.path} is damaged: a row of {table} that begins with {row[:-1]} was altered")

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table without their checksums, ordered by key."""
        names = ", ".join(COLUMNS[table])
        with self._using:
            try:
                return self._connection.execute(f"SELECT {names} FROM {table} ORDER BY {names}").fetchall()
            except _FAILURES as error:
                raise _error(self.path, "cannot be read", error) from error

    def commit(self, saves: Sequence[Save]) -> list[StoreError | None]:
        """Carry out a group of saves and make them durable together. Of each, return why it was refused, or None.

        One that is refused changes nothing and does not concern the others. Raises StoreError when nothing of the
        group was done.
        """
        with self._using:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                outcomes = [self._apply(save) for save in saves]
                self._connection.execute("COMMIT")
            except _FAILURES as error:
                # Of some errors SQLite itself ends the transaction.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise _error(self.path, "cannot be written", error) from error
            return outcomes

    def _apply(self, save: Save) -> StoreError | None:
        execute = self._connection.execute
        # One that is refused at its beginning has changed nothing yet.
        may_need_undoing = any(refused is not None for _, _, refused in save[1:])
        if may_need_undoing:
            execute("SAVEPOINT save")
        refusal = None
        for sql, parameters, refused in save:
            done = execute(sql, parameters)
            if refused is not None and done.rowcount == 0:
                refusal = refused(execute(HOLDER, parameters[:1]).fetchone())
                if may_need_undoing:
                    execute("ROLLBACK TO save")
                break
        if may_need_undoing:
            execute("RELEASE save")
        return refusal

    def close(self) -> None:
        """Take what is in the log over into the file, and give up the lock."""
        with self._using:
            self._connection.close()


def _connect(path: Path, parameters: str) -> sqlite3.Connection:
    # No mode allows to make a file. No timeout: whoever has it open does not give it up.
    uri = f"file:{quote(os.fspath(path.absolute()))}?{parameters}"
    return sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)


def _check_owner(path: Path) -> None:
    """Look at the header before SQLite may touch a log beside the file, which is another program's if the file is."""
    connection = _connect(path, "mode=ro&immutable=1")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    finally:
        connection.close()
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is no store: it has application id {application}, a store has {APPLICATION_ID}")
    if version != SCHEMA_VERSION:
        newer = "; it is of a newer program" if version > SCHEMA_VERSION else ""
        raise StoreError(f"{path} has schema version {version}, this program reads {SCHEMA_VERSION}{newer}")


def _create(path: Path) -> None:
    """Put an empty store in place: all of it or nothing, and never over a file that came meanwhile."""
    if not path.parent.is_dir():
        raise StoreError(f"{path} cannot be created: {path.parent} is no directory")
    for suffix in ("-wal", "-journal"):
        if os.path.lexists(f"{path}{suffix}"):
            # SQLite would read it into the new file. What was committed last is in it.
            raise StoreError(f"{path} is missing, but its log {path}{suffix} is there: bring the file back, or move it")
    # Readable by its owner only, as mkstemp makes files; the log gets the same permissions.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_empty())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _empty() -> bytes:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        for sql in SCHEMA.values():
            connection.execute(sql)
        return connection.serialize()
    finally:
        connection.close()


def _error(path: Path, what: str, error: Exception) -> StoreError:
    if isinstance(error, OSError):
        return StoreError(f"{path} {what}: {error.strerror}")
    # Extended codes have the plain one in their low octet.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _IN_USE:
        return StoreError(f"{path} {what}: it is open in another process, or twice in this one")
    if code in _DAMAGED or isinstance(error, UnicodeDecodeError):
        return StoreError(f"{path} {what}: it is damaged or no store: {error}")
    return StoreError(f"{path} {what}: {error}")
