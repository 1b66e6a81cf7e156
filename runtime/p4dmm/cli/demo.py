# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm demo`` and ``p4dmm lab up``: the lab on the command line."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from p4dmm.cli.logs import log_to_file
from p4dmm.cli.modes import MobilityMode

if TYPE_CHECKING:
    from p4dmm.config import Network, Scenario
    from p4dmm.controller import LinkEvent
    from p4dmm.lab.base import Lab
    from p4dmm.lab.roam import ControllerLike, EventLike

    LabMaker = Callable[[Network, Path], Lab]

CANNOT_RUN = 2
"""Exit code: something needed is missing. 1 says a connection broke."""


class ModeName(StrEnum):
    """How switches learn of a node that moves."""

    SDN = "sdn"
    PMIP = "pmip"
    DMM = "dmm"
    ALL = "all"


class CmdMode(StrEnum):
    """How the central mobility database of mode dmm takes part."""

    RELAY = "relay"
    LOCATOR = "locator"
    PROXY = "proxy"


class HostKind(StrEnum):
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
    mode: Annotated[
        ModeName | None,
        typer.Option(
            help="how switches learn of a move: from the controller, by PMIPv6, by RFC 8885; or all modes in turn, "
            "compared; as the network file says if left out"
        ),
    ] = None,
    cmd_mode: Annotated[
        CmdMode | None, typer.Option(help="what the mobility database of dmm is; as the network file says if left out")
    ] = None,
    target: Annotated[TargetName, typer.Option(help="embedded, or simple_switch_grpc from PATH")] = TargetName.EMBEDDED,
    out: Annotated[Path, typer.Option(help="directory of the timeline and the logs")] = Path("out/demo"),
    hosts: Annotated[
        HostKind, typer.Option(help="real hosts in namespaces, or simulated ones; auto: real if it can be")
    ] = HostKind.AUTO,
) -> None:
    """Move a mobile node between switches and watch its connections survive."""
    from p4dmm.config import ConfigError, load_scenario  # noqa: PLC0415
    from p4dmm.lab.modes import in_every_mode, in_mode  # noqa: PLC0415

    with _one_line_errors("demo"):
        loaded, network = load_scenario(scenario)
        if mode is ModeName.ALL:
            if cmd_mode is not None:
                raise ConfigError(None, "--mode all has every --cmd-mode: leave it out")
            networks = in_every_mode(network)
            sys.exit(_run(_compare(_lab_maker(hosts, target), networks, loaded, out)))
        network = in_mode(network, mode, cmd_mode)
        sys.exit(_run(_demo(_lab_maker(hosts, target)(network, out), loaded, out)))


def up(
    network: Annotated[Path, typer.Option(help="the network file (TOML)")] = Path("topo/triangle.toml"),
    mode: Annotated[
        MobilityMode | None, typer.Option(help="how switches learn of moves, instead of the file's")
    ] = None,
    target: Annotated[TargetName, typer.Option(help="embedded, or simple_switch_grpc from PATH")] = TargetName.EMBEDDED,
    out: Annotated[Path, typer.Option(help="directory of the logs")] = Path("out/lab"),
) -> None:
    """Bring a network of real Linux hosts up, with its controller, and keep it until Ctrl-C."""
    from p4dmm.config import load_network  # noqa: PLC0415

    with _one_line_errors("lab up"):
        loaded = load_network(network)
        lab = _lab_maker(HostKind.NETNS, target)(loaded if mode is None else loaded.in_mode(mode.value), out)
        log_to_file(out / "controller.log")
        sys.exit(_run(_stay(lab)))


lab_app = typer.Typer(help="Run a network on this machine.", no_args_is_help=True)
lab_app.command("up")(up)


@lab_app.callback()
def _lab() -> None:
    """Run a network on this machine."""


def _lab_maker(hosts: HostKind, target: TargetName) -> "LabMaker":
    """What makes a lab of a network and a directory for logs. LabError if there can be none. Where it takes a namespace
    this process starts again in one."""
    from p4dmm.lab import namespaces  # noqa: PLC0415
    from p4dmm.lab.errors import LabError  # noqa: PLC0415

    if target is TargetName.BMV2:
        from p4dmm.lab.switch_process import require_target  # noqa: PLC0415

        require_target("bmv2")
        if hosts is HostKind.SIMULATED:
            raise LabError("simulated hosts have no wire to BMv2: leave --hosts out, or use --target embedded")
    reason = namespaces.unavailable() if hosts is not HostKind.SIMULATED and not namespaces.inside() else None
    if reason and (hosts is HostKind.NETNS or target is TargetName.BMV2):
        raise LabError(reason)
    if hosts is HostKind.SIMULATED or reason:
        from p4dmm.lab.simulated_lab import SimulatedLab  # noqa: PLC0415

        if reason:
            typer.echo(f"{reason}; going on with simulated hosts")
        return lambda network, _: SimulatedLab(network)
    if not namespaces.inside():
        namespaces.enter()
    from p4dmm.lab.netns_lab import NetnsLab  # noqa: PLC0415

    return lambda network, out: NetnsLab(network, target=target.value, log_dir=out)


def _make_controller(
    network: "Network",
    on_event: "Callable[[EventLike], None]",
    on_link: "Callable[[LinkEvent], None] | None" = None,
) -> "ControllerLike":
    from p4dmm.controller import Controller  # noqa: PLC0415

    return Controller(network, on_event=on_event, on_link=on_link)


async def _demo(lab: "Lab", scenario: "Scenario", out: Path) -> int:
    from p4dmm.lab.errors import LabError  # noqa: PLC0415
    from p4dmm.lab.face import Face, make_console  # noqa: PLC0415
    from p4dmm.lab.roam import Roam  # noqa: PLC0415
    from p4dmm.lab.timeline import draw  # noqa: PLC0415

    log_to_file(out / "controller.log")
    console = make_console()
    face = Face(console, scenario.node, time.monotonic())
    face.say(lab.claim)
    journey = await Roam(lab, scenario, controller=partial(_make_controller, on_link=face.link), observer=face).run()
    picture: Path | None = out / "timeline.png"
    try:
        draw(journey, out / "timeline.png")
    except LabError as error:
        face.say(str(error))
        picture = None
    face.summary(journey, picture)
    return 1 if journey.problems() else 0


async def _compare(make_lab: "LabMaker", networks: "Sequence[Network]", scenario: "Scenario", out: Path) -> int:
    from p4dmm.lab.comparison import print_comparison  # noqa: PLC0415
    from p4dmm.lab.errors import LabError  # noqa: PLC0415
    from p4dmm.lab.face import Face, make_console  # noqa: PLC0415
    from p4dmm.lab.modes import mode_name  # noqa: PLC0415
    from p4dmm.lab.roam import Roam  # noqa: PLC0415
    from p4dmm.lab.timeline import draw, draw_handovers  # noqa: PLC0415

    log_to_file(out / "controller.log")
    console = make_console()
    journeys, pictures, busy = [], {}, []
    for number, network in enumerate(networks, 1):
        name = mode_name(network)
        directory = out / name.replace(" ", "-")
        lab = make_lab(network, directory)
        face = Face(console, scenario.node, time.monotonic(), brief=True)
        face.say(f"mode {name} ({number} of {len(networks)}): {lab.claim}")
        controller = partial(_make_controller, on_link=face.link)
        journeys.append(await Roam(lab, scenario, controller=controller, observer=face).run())
        busy += [name] if face.links_lost else []
        pictures[f"timeline of {name}"] = directory / "timeline.png"
    try:
        for journey, picture in zip(journeys, pictures.values(), strict=True):
            draw(journey, picture)
        pictures["handovers"] = out / "handovers.png"
        draw_handovers(journeys, pictures["handovers"])
    except LabError as error:
        console.print(str(error), markup=False)
        pictures = {}
    print_comparison(console, journeys, pictures, busy)
    return 1 if any(journey.problems() for journey in journeys) else 0


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
