# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm switch`` as users start it."""

import asyncio
import re
import signal
import socket
import sys
import time

import pytest
from typer.testing import CliRunner

from p4dmm.cli.main import app

from .raw_client import DEVICE_CONFIG, FORWARD, JSON, RawClient, action, insert, l2

TARGET = ["--", "--grpc-server-addr", "127.0.0.1:0"]


def run(*arguments: str):
    return CliRunner().invoke(app, ["switch", *arguments])


class Process:
    """The command in a process of its own."""

    async def start(self, *arguments: str) -> "Process":
        code = "from p4dmm.cli.main import app; app()"
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-c", code, "switch", *arguments]
        self.process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        return self

    async def address(self) -> str:
        line = (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode()
        found = re.fullmatch(r"listening on (127\.0\.0\.1:\d+)\n", line)
        assert found, line
        return found[1]

    async def end(self) -> tuple[int, str]:
        _, errors = await asyncio.wait_for(self.process.communicate(), 20)
        return self.process.returncode, errors.decode()


@pytest.fixture
async def start():
    started = []

    async def make(*arguments: str) -> Process:
        started.append(await Process().start(*arguments))
        return started[-1]

    yield make
    for each in started:
        if each.process.returncode is None:
            each.process.kill()
            await each.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_starts_serves_and_stops(start, number):
    switch = await start("--no-p4", "--device-id", "7", *TARGET, "--cpu-port", "510")
    async with RawClient(await switch.address()) as client:
        await client.arbitrate(1)
        await client.configure()
        await client.write(insert(l2(1, 1, action(FORWARD, 2))))
        switch.process.send_signal(number)
        code, errors = await switch.end()
    assert code == 0
    assert "Traceback" not in errors


async def test_up_in_about_a_second(start):
    begin = time.monotonic()
    switch = await start(str(JSON), "--device-id", "7", *TARGET)
    await switch.address()
    assert time.monotonic() - begin < 5  # about one, with room for a loaded machine


async def test_program_runs_at_once_but_entities_need_p4info(start, tmp_path):
    switch = await start(str(JSON), "--device-id", "7", "--packet-in", f"ipc://{tmp_path}/x.ipc", *TARGET)
    async with RawClient(await switch.address()) as client:
        await client.arbitrate(1)
        with pytest.raises(Exception, match="no forwarding pipeline config is set"):
            await client.write(insert(l2(1, 1, action(FORWARD, 2))))
        await client.configure(config=DEVICE_CONFIG)
        await client.write(insert(l2(1, 1, action(FORWARD, 2))))


async def test_port_in_use(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:" + str(taken.getsockname()[1])
        code, errors = await (await start("--no-p4", "--", "--grpc-server-addr", address)).end()
    assert code == 1
    assert f"p4dmm switch: cannot listen on {address}; in use, or not an address of this host" in errors


async def test_missing_interface(start):
    code, errors = await (await start("--no-p4", "-i", "1@nosuch0", *TARGET)).end()
    assert code == 1
    assert re.fullmatch(r"p4dmm switch: interface nosuch0: .*\n", errors)


@pytest.mark.parametrize(
    ("text", "message"),
    [("no json", "the embedded switch cannot run this program"), (None, "give the path of a BMv2 JSON, or --no-p4")],
)
def test_program_that_cannot_be_loaded(tmp_path, text, message):
    path = tmp_path / "p.json"
    if text is not None:
        path.write_text(text)
    done = run(str(path), *TARGET)
    assert done.exit_code == 1
    assert done.output.startswith(f"p4dmm switch: {path}: ")
    assert done.output.endswith(message + "\n")
    assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the JSON of a program is missing"),
        (["--no-p4", "x.json"], "--no-p4 starts without a program"),
        (["--no-p4", "-i", "veth1"], "expected PORT@INTERFACE"),
        (["--no-p4", "-i", "x@veth1"], "expected PORT@INTERFACE"),
        (["--no-p4", "-i", "1@veth1", "--packet-in", "ipc:///x"], "exclude each other"),
        (["--no-p4", "--log-level", "loud"], "allowed are debug, info"),
        (["--no-p4", "--device-id", "-1"], "should be greater than or equal to 0"),
        (["--no-p4", "--", "--cpu-port", "511"], "allowed are 1 to 510"),
        (["--no-p4", "--", "--cpu-port", "x"], "invalid int value"),
        (["--no-p4", "--", "--thrift-port", "9090"], "unrecognized arguments: --thrift-port"),
    ],
)
def test_usage_errors(arguments, words):
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in re.sub(r"[\s│]+", " ", done.output)


def test_help_names_the_flags():
    text = run("--help").output
    for flag in (
        "--interface",
        "--device-id",
        "--packet-in",
        "--no-p4",
        "--log-level",
        "--grpc-server-addr",
        "--cpu-port",
    ):
        assert flag in text
