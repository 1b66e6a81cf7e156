# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which files are opened, and which are refused and left as they are."""

import asyncio
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from p4dmm.mobility.freshness import Freshness
from p4dmm.store import HoldPrefix, PutNode, PutPeer, PutValue, Store, StoreError

from .model import KINDS, LMA, node, prefix, state

SOAK = bool(os.environ.get("P4DMM_SOAK"))


def contents_of(path):
    store = Store.open(path, KINDS)
    try:
        return store.load()
    finally:
        store.close()


def refused(path, problem):
    """It is, with its name, and not altered."""
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"^{re.escape(str(path))} .*{problem}"):
        Store.open(path, KINDS)
    assert path.read_bytes() == before


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store with some of everything, on several pages."""
    path = tmp_path_factory.mktemp("filled") / "store"
    store = Store.open(path, KINDS)
    changes = [
        change
        for number in range(40)
        for change in (
            PutNode("lma", "s1", node(number), state(number, 2)),
            HoldPrefix(prefix(number), "s1", node(number)),
            PutPeer(f"s{number}", LMA, Freshness(number)),
            PutValue(f"v{number}", number),
        )
    ]
    asyncio.run(store.save(changes))
    store.close()
    return path


@pytest.fixture
def copy(filled, path):
    shutil.copy(filled, path)
    return path


class TestCreation:
    def test_missing_file_is_made_for_its_owner_alone(self, path):
        old = os.umask(0)
        try:
            store = Store.open(path, KINDS)
        finally:
            os.umask(old)
        asyncio.run(store.save([PutValue("v", 1)]))
        files = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        store.close()
        assert files == {"store": 0o600, "store-wal": 0o600}

    def test_after_close_there_is_one_file(self, path):
        Store.open(path, KINDS).close()
        assert list(path.parent.iterdir()) == [path]

    def test_path_may_have_any_characters(self, tmp_path):
        path = tmp_path / "a ?mode=memory&x#%41"
        store = Store.open(path, KINDS)
        asyncio.run(store.save([PutValue("v", 1)]))
        store.close()
        assert contents_of(path).values == {"v": 1}
        assert list(tmp_path.iterdir()) == [path]

    def test_missing_directory_is_not_made(self, tmp_path):
        with pytest.raises(StoreError, match=r"no/store cannot be created: .*/no is no directory"):
            Store.open(tmp_path / "no" / "store", KINDS)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("suffix", ["-wal", "-journal"])
    def test_log_whose_file_is_gone_is_not_read_into_a_new_one(self, path, suffix):
        path.with_name(f"store{suffix}").write_bytes(b"x")
        with pytest.raises(StoreError, match=rf"store is missing, but its log .*store{suffix} is there"):
            Store.open(path, KINDS)
        assert not path.exists()

    def test_file_that_comes_meanwhile_is_not_replaced(self, path, filled, monkeypatch):
        link = os.link

        def late(source, target):
            shutil.copy(filled, path)
            link(source, target)

        monkeypatch.setattr(os, "link", late)
        assert len(contents_of(path).nodes) == 40
        assert list(path.parent.iterdir()) == [path]


class TestNotOurs:
    @pytest.mark.parametrize(
        "octets", [b"", b"x", b"hello\n" * 1000, bytes(8192), b"SQLite format 3\0", b"\xff" * 4096]
    )
    def test_other_file(self, path, octets):
        path.write_bytes(octets)
        refused(path, "no store")

    def test_other_database_is_not_touched_and_neither_is_its_log(self, path):
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE t(x)")
        log = path.with_name("store-wal").read_bytes()
        refused(path, "is no store: it has application id 0")
        assert path.with_name("store-wal").read_bytes() == log
        other.execute("INSERT INTO t VALUES (1)")
        other.close()

    def test_directory(self, path):
        path.mkdir()
        with pytest.raises(StoreError, match="store cannot be opened"):
            Store.open(path, KINDS)

    def test_link_to_nothing(self, path):
        path.symlink_to("nowhere")
        with pytest.raises(StoreError, match="store cannot be opened"):
            Store.open(path, KINDS)
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("version", "problem"), [(2, "this program reads 1; it is of a newer program"), (0, "this program reads 1$")]
)
def test_other_schema_version(copy, version, problem):
    with sqlite3.connect(copy) as other:
        other.execute(f"PRAGMA user_version = {version}")
    other.close()
    refused(copy, f"has schema version {version}, {problem}")


def test_other_tables(copy):
    other = sqlite3.connect(copy)
    other.execute("ALTER TABLE nodes ADD COLUMN age INTEGER")
    other.close()
    refused(copy, "is damaged: its tables are not those of schema version 1")


class TestDamage:
    @pytest.mark.parametrize(
        "word", ["lma", "mn3@example.net", "2001:db8:0:5::/64", '"number":17', "s23", "v31", "role TEXT"]
    )
    def test_altered_content(self, copy, word):
        """One bit in what was stored: SQLite itself would not see it."""
        octets = bytearray(copy.read_bytes())
        word = word.encode().hex().encode() if "@" in word else word.encode()
        at = octets.rindex(word) + len(word) - 1
        octets[at] ^= 1
        copy.write_bytes(octets)
        refused(copy, "damaged")

    def test_any_octet(self, filled, path):
        """Refused, or it makes no difference: many octets of a database mean nothing."""
        chance = random.Random(6)
        whole, expected = filled.read_bytes(), contents_of(filled)
        places = [*range(0, 110, 5), *(chance.randrange(len(whole)) for _ in range(2000 if SOAK else 120))]
        refusals = 0
        for at in places:
            octets = bytearray(whole)
            octets[at] ^= chance.randrange(1, 256)
            path.write_bytes(octets)
            for suffix in ("-wal", "-journal"):
                path.with_name(f"store{suffix}").unlink(missing_ok=True)
            try:
                found = contents_of(path)
            except StoreError:
                refusals += 1
            else:
                assert found == expected, at
        assert refusals > len(places) / 4

    def test_truncated_anywhere(self, filled, path):
        whole = filled.read_bytes()
        for length in range(0, len(whole), 1024):
            path.write_bytes(whole[:length])
            refused(path, "")

    def test_page_of_zeros(self, filled, path):
        whole = filled.read_bytes()
        for at in range(0, len(whole), 4096):
            path.write_bytes(whole[:at] + bytes(4096) + whole[at + 4096 :])
            refused(path, "")

    def test_end_of_the_log_that_was_never_finished_is_left_out(self, copy):
        """What a commit had written of it when the power went."""
        before = contents_of(copy)
        store = Store.open(copy, KINDS)
        asyncio.run(store.save([PutValue("v1", 100)]))
        octets = copy.read_bytes(), copy.with_name("store-wal").read_bytes()
        store.close()
        for length in (0, 10, 32, 40, len(octets[1]) - 1):
            copy.write_bytes(octets[0])
            copy.with_name("store-wal").write_bytes(octets[1][:length])
            assert contents_of(copy) == before
        copy.write_bytes(octets[0])
        copy.with_name("store-wal").write_bytes(octets[1])
        assert contents_of(copy).values["v1"] == 100


class TestOneProcess:
    OTHER = """
import sys
from pathlib import Path
from p4dmm.store import Kinds, Store, StoreError
try:
    Store.open(Path(sys.argv[1]), Kinds({})).close()
except StoreError as error:
    print(error)
"""

    def other(self, path):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", self.OTHER, str(path)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout

    async def test_second_process_is_refused_until_the_first_closes(self, store, path):
        await store.save([PutValue("v", 1)])
        with pytest.raises(StoreError, match="store cannot be opened: it is open in another process, or twice"):
            Store.open(path, KINDS)
        # Also after this process has opened and closed the file once more, which would end POSIX locks.
        assert "is open in another process" in self.other(path)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite3.connect(path, timeout=0).execute("SELECT * FROM nodes")
        await store.save([PutValue("v", 2)])
        await store.stop()
        assert self.other(path) == ""
