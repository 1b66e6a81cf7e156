# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Start a switch, run the packet tests on it, stop it.

    .venv-ptf/bin/python ptf-tests/run.py --target embedded|bmv2 [--test FILE[.CLASS] ...]

Neither target needs root: frames go over a nanomsg socket.
"""

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc

TESTS = Path(__file__).resolve().parent
DEVICE_ID = 1
CPU_PORT = 510  # p4src/arch/v1model.p4
PORTS = "0-{1-8}"
READY_WITHIN = 30  # seconds
STOP_WITHIN = 10
RUN_WITHIN = 600


def main():
    options = parse_arguments()
    commands = {
        "embedded": [str(options.p4dmm), "switch", "--log-level", "warning"],
        "bmv2": ["simple_switch_grpc", "--log-level", "off"],
    }
    with tempfile.TemporaryDirectory(prefix="p4dmm-ptf-") as directory:
        frames = f"ipc://{directory}/frames.ipc"
        address = f"127.0.0.1:{free_port()}"
        try:
            with running(commands[options.target], frames, address, Path(directory) / "switch.log"):
                return run_tests(frames, address, directory, options.test)
        except OSError as error:
            sys.exit(f"{commands[options.target][0]}: {error.strerror}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", choices=("embedded", "bmv2"), default="embedded")
    parser.add_argument("--test", action="append", default=[], metavar="FILE[.CLASS]", help="repeat for more than one")
    parser.add_argument("--p4dmm", type=Path, default=TESTS.parent / ".venv" / "bin" / "p4dmm", metavar="PATH")
    return parser.parse_args()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def running(command, frames, address, log):
    """A switch without a program; what it says is shown where it goes wrong."""
    target = ["--grpc-server-addr", address, "--cpu-port", str(CPU_PORT)]
    full = [*command, "--device-id", str(DEVICE_ID), "--packet-in", frames, "--no-p4", "--", *target]
    with log.open("wb") as output, subprocess.Popen(full, stdout=output, stderr=subprocess.STDOUT) as switch:
        try:
            if not is_ready(switch, address):
                sys.exit(f"{full[0]} did not answer at {address} in {READY_WITHIN} s; it said:\n{log.read_text()}")
            yield
            if switch.poll() is not None:
                sys.exit(f"{full[0]} ended by itself, status {switch.returncode}; it said:\n{log.read_text()}")
        finally:
            stop(switch)


def is_ready(switch, address):
    with grpc.insecure_channel(address) as channel:
        for _ in range(READY_WITHIN):
            with suppress(grpc.FutureTimeoutError):
                grpc.channel_ready_future(channel).result(timeout=1)
                return True
            if switch.poll() is not None:
                break
    return False


def stop(switch):
    switch.send_signal(signal.SIGTERM)
    try:
        switch.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        switch.kill()


def run_tests(frames, address, directory, tests):
    ptf = [sys.executable, str(Path(sys.executable).parent / "ptf"), "--test-dir", str(TESTS), "--platform", "nn"]
    options = [
        *("--device-socket", f"{PORTS}@{frames}"),
        *("--test-params", f"grpc_address='{address}'"),
        *("--log-dir", f"{directory}/logs", "--debug", "warning"),  # ptf empties this directory
    ]
    try:
        return subprocess.run([*ptf, *options, *tests], cwd=directory, timeout=RUN_WITHIN, check=False).returncode
    except subprocess.TimeoutExpired:
        return f"the packet tests did not end in {RUN_WITHIN} s"


if __name__ == "__main__":
    sys.exit(main())
