# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that save until they are killed: one is forked for each line of JSON on standard input.

Each writes a line "SAVER NUMBER" for every save that was acknowledged to it. What the process has written when it is
dead is answered as one line of JSON.
"""

import asyncio
import json
import os
import resource
import signal
import sqlite3
import sys
from pathlib import Path

from p4dmm.store import PutValue, Store, StoreError
from tests.store.model import KINDS, scripted

SQLITE_CONNECT, FSYNC, LINK = sqlite3.connect, os.fsync, os.link


def die_at(step):
    """Be killed before that statement, or that change of a file's name or flush, of those to come."""
    left = step

    def count():
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    class Connection(sqlite3.Connection):
        def execute(self, *arguments):
            count()
            return super().execute(*arguments)

    def counted(function):
        def call(*arguments, **named):
            count()
            return function(*arguments, **named)

        return call

    sqlite3.connect = lambda *arguments, **named: SQLITE_CONNECT(*arguments, factory=Connection, **named)
    os.fsync, os.link = counted(FSYNC), counted(LINK)


def limit_files(octets):
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))


async def save_on(path, first, count):
    """As many savers as `first` has numbers, each from its number on."""
    store = Store.open(path, KINDS)

    async def saver(which, number):
        for current in range(number, number + count):
            await store.save(scripted(which, current))
            os.write(1, f"{which} {current}\n".encode())

    await asyncio.gather(*(saver(which, number) for which, number in enumerate(first)))
    await store.stop()


async def fill(path, make_room):
    """Save while the disk is full, and afterwards."""
    store = Store.open(path, KINDS)
    await store.save([PutValue("before", 1)])
    saves = [asyncio.create_task(store.save([PutValue(f"value {number}", b"x" * 50_000)])) for number in range(20)]
    errors = await asyncio.gather(*saves, return_exceptions=True)
    assert all(type(error) is StoreError for error in errors), errors
    make_room()
    await asyncio.gather(*(store.save([PutValue(f"after {number}", number)]) for number in range(5)))
    await store.stop()
    os.write(1, str(errors[0]).encode())


def act(order):
    path = Path(order["path"])
    if "step" in order:
        die_at(order["step"])
    if "octets" in order:
        # Python ignores this signal; by default it kills, in the middle of a write.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        limit_files(order["octets"])
    if order.get("fill"):
        limit_files(200_000)
        asyncio.run(fill(path, lambda: limit_files(resource.RLIM_INFINITY)))
    else:
        asyncio.run(save_on(path, order["first"], order["count"]))


def run(order):
    """Fork, read what the process writes, kill it when it has written `kill_after` lines; return all it wrote."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.dup2(writing, 1)
            os.close(reading)
            os.close(writing)
            act(order)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    written = b""
    while octets := os.read(reading, 65536):
        written += octets
        if written.count(b"\n") >= order.get("kill_after", 1 << 30):
            os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    return {"written": written.decode(), "status": os.waitstatus_to_exitcode(status)}


if __name__ == "__main__":
    if sys.argv[1:2] == ["fill"]:
        ballast = Path(sys.argv[3])
        asyncio.run(fill(Path(sys.argv[2]), ballast.unlink))
    else:
        for line in sys.stdin:
            print(json.dumps(run(json.loads(line))), flush=True)
