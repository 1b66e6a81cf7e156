# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A process that is killed while it saves: what was acknowledged is there, and no save is there in part."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from p4dmm.store import Store

from .model import KINDS, Model, part, scripted

RUNTIME = Path(__file__).parents[2]
SAVER = [sys.executable, "-m", "tests.store.saver"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(RUNTIME)}
SOAK = bool(os.environ.get("P4DMM_SOAK"))


@pytest.fixture(scope="module")
def order():
    """A function that has a process do what it is told, and returns what that wrote and how it ended."""
    with subprocess.Popen(
        SAVER, cwd=RUNTIME, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:

        def ask(**what):
            server.stdin.write(json.dumps(what, default=str) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        yield ask
        server.stdin.close()


class Savers:
    """How far each saver is known to be."""

    def __init__(self, count):
        self.next = [0] * count
        self._models = [Model() for _ in range(count)]

    def check(self, path, written):
        """Compare with what the store holds after a process wrote these acknowledgements."""
        acknowledged = list(self.next)
        for line in written.split("\n")[:-1]:
            saver, number = map(int, line.split())
            assert number == acknowledged[saver]
            acknowledged[saver] = number + 1
        store = Store.open(path, KINDS)
        contents = store.load()
        store.close()
        for saver, model in enumerate(self._models):
            for number in range(self.next[saver], acknowledged[saver]):
                assert model.save(scripted(saver, number)) is None
            found = part(contents, saver)
            if found != model.contents:
                # The one save that was begun, and of which the process could not say any more that it is durable.
                assert model.save(scripted(saver, acknowledged[saver])) is None
                acknowledged[saver] += 1
            assert found == model.contents
        self.next = acknowledged


def test_killed_before_each_step(tmp_path, order):
    """From the moment before the file exists to the end of the process."""
    step, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        step += 1
        path = tmp_path / str(step) / "store"
        path.parent.mkdir()
        result = order(path=path, first=[0, 0], count=5, step=step)
        status = result["status"]
        Savers(2).check(path, result["written"])
    assert status == 0
    # Creation, opening, and at the very least begin, two savepoints with their statements and commit of each group.
    assert step > 60


def test_killed_at_any_instant(tmp_path, order):
    chance = random.Random(4)
    path = tmp_path / "store"
    savers = Savers(8)
    for _ in range(300 if SOAK else 12):
        result = order(path=path, first=savers.next, count=1 << 30, kill_after=chance.randrange(1, 400))
        assert result["status"] == -signal.SIGKILL
        savers.check(path, result["written"])
    assert min(savers.next) > 10


def test_killed_in_the_middle_of_a_write(tmp_path, order):
    """The log ends with a part of what was to be written."""
    chance = random.Random(5)
    empty = tmp_path / "empty"
    Store.open(empty, KINDS).close()
    for number in range(300 if SOAK else 20):
        path = tmp_path / f"store{number}"
        shutil.copy(empty, path)
        result = order(path=path, first=[0, 0, 0], count=20, octets=chance.randrange(empty.stat().st_size, 200_000))
        assert result["status"] == -signal.SIGXFSZ
        Savers(3).check(path, result["written"])


def test_killed_again_while_it_recovers(tmp_path, order):
    path = tmp_path / "store"
    savers = Savers(2)
    result = order(path=path, first=[0, 0], count=1 << 30, kill_after=50)
    assert Path(f"{path}-wal").stat().st_size > 0
    for step in range(1, 12):
        assert order(path=path, first=savers.next, count=1, step=step)["written"] == ""
    savers.check(path, result["written"])


def test_what_was_saved_is_in_the_log_alone_until_it_is_recovered(tmp_path, order):
    """That the tests above test something: without its log, the file of a killed process lacks what was saved."""
    path = tmp_path / "store"
    order(path=path, first=[0, 0], count=1 << 30, kill_after=20)
    Path(f"{path}-wal").unlink()
    store = Store.open(path, KINDS)
    assert not store.load().nodes
    store.close()


def test_file_that_may_not_grow(tmp_path, order):
    """Those who wait are told; when there is room again, saves work, and what was there is there."""
    path = tmp_path / "store"
    result = order(path=path, fill=True)
    assert result["status"] == 0
    assert str(path) in result["written"]
    assert "cannot be written" in result["written"]
    _filled(path)


def test_full_disk(tmp_path):
    namespaces = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    # The store is copied out before the namespace and its disk are gone.
    script = """mount -t tmpfs -o size=400k none "$0" && dd if=/dev/zero of="$0/ballast" bs=1k count=200 status=none &&
        echo mounted && "$@" fill "$0/store" "$0/ballast" && cp "$0/store" "$0.copy" """
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["unshare", *namespaces, "sh", "-c", script, str(mount), *SAVER]
    done = subprocess.run(
        command, cwd=RUNTIME, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    if "mounted" not in done.stdout:
        pytest.skip(f"no file system of a test's own here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert "full" in done.stdout
    _filled(tmp_path / "disk.copy")


def _filled(path):
    store = Store.open(path, KINDS)
    assert store.load().values == {"before": 1, **{f"after {number}": number for number in range(5)}}
    store.close()
