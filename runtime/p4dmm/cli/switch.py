# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm switch``: the embedded switch with the command line of simple_switch_grpc."""

import argparse
import asyncio
import gc
import logging
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from p4dmm.softswitch.service import SwitchServer

DEFAULT_ADDRESS = "0.0.0.0:9559"  # as simple_switch_grpc does
MAX_CPU_PORT = 510
LEVELS = ("debug", "info", "warning", "error")


class CommandError(Exception):
    """What keeps the switch from starting, with the remedy, in one line."""


@dataclass(frozen=True, slots=True)
class Options:
    """A checked command line."""

    program: Path | None
    interfaces: tuple[tuple[int, str], ...]
    device_id: int
    packet_in: str | None
    address: str
    cpu_port: int | None


def switch(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="JSON [-- TARGET OPTIONS]",
            help=(
                "BMv2 JSON of the program to start with. After '--' the options of the gRPC target: "
                f"--grpc-server-addr HOST:PORT (default {DEFAULT_ADDRESS}), --cpu-port N (default: no packet I/O)"
            ),
        ),
    ] = None,
    *,
    interface: Annotated[
        list[str] | None, typer.Option("-i", "--interface", metavar="PORT@INTERFACE", help="repeat for every port")
    ] = None,
    device_id: Annotated[int, typer.Option("--device-id", min=0, help="P4Runtime device id")] = 0,
    packet_in: Annotated[
        str | None,
        typer.Option("--packet-in", metavar="ADDR", help="nanomsg socket instead of interfaces (ipc://PATH)"),
    ] = None,
    no_p4: Annotated[bool, typer.Option("--no-p4", help="start without a program")] = False,
    log_level: Annotated[str, typer.Option("--log-level", "-L", help=", ".join(LEVELS))] = "info",
) -> None:
    """Run the embedded switch, a drop-in for simple_switch_grpc."""
    target = _parse_target(list(arguments or ()), no_p4=no_p4)
    if log_level not in LEVELS:
        raise typer.BadParameter(f"'{log_level}', allowed are {', '.join(LEVELS)}", param_hint="--log-level")
    if packet_in and interface:
        raise typer.BadParameter("-i and --packet-in exclude each other", param_hint="--packet-in")
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    options = Options(
        program=target.program,
        interfaces=tuple(_parse_interface(text) for text in interface or ()),
        device_id=device_id,
        packet_in=packet_in,
        address=target.grpc_server_addr,
        cpu_port=target.cpu_port,
    )
    try:
        asyncio.run(run(options))
    except CommandError as error:
        typer.echo(f"p4dmm switch: {error}", err=True)
        raise typer.Exit(1) from error


class _TargetParser(argparse.ArgumentParser):
    """What stands behind '--'; complains as the rest of the command line does."""

    def error(self, message: str) -> NoReturn:
        raise typer.BadParameter(f"after '--': {message}")


def _parse_target(arguments: list[str], *, no_p4: bool) -> argparse.Namespace:
    program = None
    if arguments and not arguments[0].startswith("-"):
        program = Path(arguments.pop(0))
    if program is None and not no_p4:
        raise typer.BadParameter("the JSON of a program is missing; give its path, or --no-p4", param_hint="JSON")
    if program is not None and no_p4:
        raise typer.BadParameter("--no-p4 starts without a program, but one is given", param_hint="JSON")
    parser = _TargetParser(prog="p4dmm switch", add_help=False, allow_abbrev=False)
    parser.add_argument("--grpc-server-addr", default=DEFAULT_ADDRESS)
    parser.add_argument("--cpu-port", type=int)
    target = parser.parse_args(arguments)
    if target.cpu_port is not None and not 0 < target.cpu_port <= MAX_CPU_PORT:
        raise typer.BadParameter(f"{target.cpu_port}, allowed are 1 to {MAX_CPU_PORT}", param_hint="--cpu-port")
    target.program = program
    return target


def _parse_interface(text: str) -> tuple[int, str]:
    number, at, name = text.partition("@")
    if not (at and name and number.isascii() and number.isdigit()):
        raise typer.BadParameter(f"'{text}', expected PORT@INTERFACE, for example 1@veth1", param_hint="-i")
    return int(number), name


async def run(options: Options) -> None:
    """Run the switch until SIGINT or SIGTERM. Raises CommandError where it cannot start."""
    # Here and not above, so that other commands do not pay for gRPC.
    from p4dmm.softswitch.service import AddressError, PortError, SwitchServer  # noqa: PLC0415

    # Table entries live long and hold no cycles: with Python's defaults a third of the insertion rate went into looking
    # for some among hundreds of thousands of them.
    gc.set_threshold(50_000, 20, 100)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = SwitchServer(device_id=options.device_id, grpc_address=options.address, cpu_port=options.cpu_port)
    try:
        _load(server, options.program)
        for port, name in options.interfaces:
            _attach(server, port, name)
        if options.packet_in:
            server.open_packet_in(options.packet_in)
        await server.start()
        typer.echo(f"listening on {server.address}")
        await stop.wait()
    except (AddressError, PortError) as error:
        raise CommandError(str(error)) from error
    finally:
        await server.stop()


def _load(server: "SwitchServer", path: Path | None) -> None:
    from p4dmm.softswitch.errors import SoftswitchError  # noqa: PLC0415

    if path is None:
        return
    try:
        server.load_program(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; give the path of a BMv2 JSON, or --no-p4") from error
    except SoftswitchError as error:
        raise CommandError(f"{path}: {error}; the embedded switch cannot run this program") from error


def _attach(server: "SwitchServer", port: int, name: str) -> None:
    from p4dmm.softswitch.service.ports.af_packet import AfPacketPort  # noqa: PLC0415

    server.attach_port(port, AfPacketPort(name))
