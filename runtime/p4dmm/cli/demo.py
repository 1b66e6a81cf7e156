# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm demo`` and ``p4dmm lab up``: the lab on the command line."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from p4dmm.cli.logs import log_to_file

if TYPE_CHECKING:
    from p4dmm.config import Network
    from p4dmm.lab.base import Lab
    from p4dmm.lab.roam import ControllerLike, EventLike

CANNOT_RUN = 2
"""Exit code: something needed is missing. 1 says a connection broke."""


class Mode(StrEnum):
    """What the hosts are."""

    AUTO = "auto"
    NETNS = "netns"
    SIMULATED = "simulated"


class TargetName(StrEnum):
    """What the switches are."""

    EMBEDDED = "embedded"
    BMV2 = "bmv2"


def demo(
    scenario: Annotated[Path, typer.Option(help="who moves where and when (TOML)")] = Path("topo/roam.toml"),
    target: Annotated[TargetName, typer.Option(help="embedded, or simple_switch_grpc from PATH")] = TargetName.EMBEDDED,
    out: Annotated[Path, typer.Option(help="directory of the timeline and the logs")] = Path("out/demo"),
    mode: Annotated[Mode, typer.Option(help="real hosts in namespaces, or simulated ones")] = Mode.AUTO,
) -> None:
    """Move a mobile node between switches and watch its connections survive."""
    from p4dmm.config import load_scenario  # noqa: PLC0415

    with _one_line_errors("demo"):
        loaded, network = load_scenario(scenario)
        lab = _make_lab(network, mode, target, out)
        sys.exit(_run(_demo(lab, loaded, out)))


def up(
    network: Annotated[Path, typer.Option(help="the network file (TOML)")] = Path("topo/triangle.toml"),
    target: Annotated[TargetName, typer.Option(help="embedded, or simple_switch_grpc from PATH")] = TargetName.EMBEDDED,
    out: Annotated[Path, typer.Option(help="directory of the logs")] = Path("out/lab"),
) -> None:
    """Bring a network of real Linux hosts up, with its controller, and keep it until Ctrl-C."""
    from p4dmm.config import load_network  # noqa: PLC0415

    with _one_line_errors("lab up"):
        lab = _make_lab(load_network(network), Mode.NETNS, target, out)
        log_to_file(out / "controller.log")
        sys.exit(_run(_stay(lab)))


lab_app = typer.Typer(help="Run a network on this machine.", no_args_is_help=True)
lab_app.command("up")(up)


@lab_app.callback()
def _lab() -> None:
    """Run a network on this machine."""


def _make_lab(network: "Network", mode: Mode, target: TargetName, out: Path) -> "Lab":
    from p4dmm.lab import namespaces  # noqa: PLC0415
    from p4dmm.lab.errors import LabError  # noqa: PLC0415

    if target is TargetName.BMV2:
        from p4dmm.lab.switch_process import require_target  # noqa: PLC0415

        require_target("bmv2")
        if mode is Mode.SIMULATED:
            raise LabError("simulated hosts have no wire to BMv2: leave --mode out, or use --target embedded")
    reason = namespaces.unavailable() if mode is not Mode.SIMULATED and not namespaces.inside() else None
    if reason and (mode is Mode.NETNS or target is TargetName.BMV2):
        raise LabError(reason)
    if mode is Mode.SIMULATED or reason:
        from p4dmm.lab.simulated_lab import SimulatedLab  # noqa: PLC0415

        if reason:
            typer.echo(f"{reason}; going on with simulated hosts")
        return SimulatedLab(network)
    if not namespaces.inside():
        namespaces.enter()
    from p4dmm.lab.netns_lab import NetnsLab  # noqa: PLC0415

    return NetnsLab(network, target=target.value, log_dir=out)


def _make_controller(network: "Network", on_event: "Callable[[EventLike], None]") -> "ControllerLike":
    from p4dmm.controller import Controller  # noqa: PLC0415

    return Controller(network, on_event=on_event)


async def _demo(lab: "Lab", scenario: Any, out: Path) -> int:
    from p4dmm.lab.errors import LabError  # noqa: PLC0415
    from p4dmm.lab.face import Face, make_console  # noqa: PLC0415
    from p4dmm.lab.roam import Roam  # noqa: PLC0415
    from p4dmm.lab.timeline import draw  # noqa: PLC0415

    log_to_file(out / "controller.log")
    console = make_console()
    face = Face(console, scenario.node, time.monotonic())
    face.say(lab.claim)
    journey = await Roam(lab, scenario, controller=_make_controller, observer=face).run()
    picture: Path | None = out / "timeline.png"
    try:
        draw(journey, out / "timeline.png")
    except LabError as error:
        face.say(str(error))
        picture = None
    face.summary(journey, picture)
    return 1 if journey.problems() else 0


async def _stay(lab: "Lab") -> int:
    from p4dmm.lab.netns_lab import NetnsLab  # noqa: PLC0415
    from p4dmm.lab.roam import START_TIMEOUT_S, bounded  # noqa: PLC0415

    assert isinstance(lab, NetnsLab)
    controller: ControllerLike | None = None
    try:
        await bounded(lab.start(), START_TIMEOUT_S, "the lab did not come up")
        controller = _make_controller(
            lab.network, lambda event: typer.echo(f"{event.mac} {event.stage} {event.detail}".rstrip())
        )
        await bounded(controller.start(), START_TIMEOUT_S, "the controller did not get all switches ready")
        for node in lab.network.nodes:
            await lab.attach(node.name, node.at)
        for name, host in lab.hosts.items():
            typer.echo(f"{name}: {host.shell_hint()}")
        typer.echo("up; Ctrl-C ends it")
        await asyncio.Event().wait()
    finally:
        if controller:
            await controller.stop()
        await lab.stop()
    return 0


def _run(main: "Coroutine[Any, Any, int]") -> int:
    """Run to the end; SIGINT and SIGTERM cancel, so that everything is taken down in order."""

    async def cancellable() -> int:
        task = asyncio.ensure_future(main)
        loop, received = asyncio.get_running_loop(), []

        def cancel(number: int) -> None:
            received.append(number)
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, cancel, number)
        with contextlib.suppress(asyncio.CancelledError):
            return await task
        return 128 + (received[0] if received else signal.SIGTERM)

    return asyncio.run(cancellable())


@contextlib.contextmanager
def _one_line_errors(command: str) -> Iterator[None]:
    from p4dmm.config import ConfigError  # noqa: PLC0415
    from p4dmm.forwarding import TopologyError  # noqa: PLC0415
    from p4dmm.lab.errors import LabError  # noqa: PLC0415
    from p4dmm.switches import SwitchWriteError  # noqa: PLC0415

    try:
        yield
    except (ConfigError, LabError, TopologyError, SwitchWriteError) as error:
        typer.echo(f"p4dmm {command}: {error}", err=True)
        raise typer.Exit(CANNOT_RUN) from error
