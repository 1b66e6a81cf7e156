# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm controller``: the controller of a domain, in the foreground."""

import asyncio
import json
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from p4dmm.cli.logs import LEVELS, configure_logs
from p4dmm.cli.modes import MobilityMode

if TYPE_CHECKING:
    from p4dmm.config import Network
    from p4dmm.controller import Controller, HandoverEvent, PrefixView

UNUSABLE = 2
"""Exit code: the configuration or the compiled program cannot be used."""


def controller(
    config: Annotated[Path, typer.Option("--config", "-c", help="the network file (TOML)")],
    *,
    check: Annotated[bool, typer.Option("--check", help="only say whether the file can be used")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="events and logs as JSON lines")] = False,
    mode: Annotated[
        MobilityMode | None, typer.Option("--mode", help="how switches learn of moves, instead of the file's")
    ] = None,
    switches: Annotated[
        list[str] | None, typer.Option("--switch", help="run only this one; again for more; others run the rest")
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", help="where bindings are kept, instead of the file's [store]")
    ] = None,
    log_level: Annotated[str, typer.Option("--log-level", "-L", help=", ".join(LEVELS))] = "info",
) -> None:
    """Run the controller of a domain until SIGINT or SIGTERM; events go to standard output, logs to standard error.

    Switches go on forwarding while no controller runs; the next one reads the bindings back from its store or, without
    one, from the switches.

    Examples:

      p4dmm controller --config topo/triangle.toml

      p4dmm controller --config topo/triangle.toml --check

      p4dmm controller --config topo/triangle.toml --mode dmm --switch s1 --switch c1 --store west.db

    SIGHUP has it read the policy file again, SIGUSR1 print its nodes and counters. With [store] in the file, bindings
    are on disk before anybody is told.
    """
    from p4dmm.config import ConfigError, Store, load_network  # noqa: PLC0415 other commands do not pay for it
    from p4dmm.forwarding import Topology, TopologyError  # noqa: PLC0415
    from p4dmm.store import StoreError  # noqa: PLC0415
    from p4dmm.switches import CodecError, RowCodec, default_pipeline  # noqa: PLC0415

    if log_level not in LEVELS:
        raise typer.BadParameter(f"'{log_level}', allowed are {', '.join(LEVELS)}", param_hint="--log-level")
    configure_logs(log_level, as_json=as_json)
    try:
        network = load_network(config)
        if mode is not None:
            network = network.in_mode(mode.value)
        if switches:
            network = network.controlled(switches)
        if store is not None:
            network = network.model_copy(update={"store": Store(path=store.absolute())})
        Topology(network)
        RowCodec.from_file(default_pipeline().p4info)
    except (ConfigError, TopologyError, CodecError, FileNotFoundError) as error:
        typer.echo(f"p4dmm controller: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    if check:
        serving = sum(switch.serves_nodes for switch in network.switches)
        typer.echo(f"{config}: {len(network.switches)} switches, {serving} of them with access ports, usable")
        return
    try:
        asyncio.run(_run(network, as_json=as_json))
    except (ConfigError, StoreError) as error:
        typer.echo(f"p4dmm controller: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error


async def _run(network: "Network", *, as_json: bool) -> None:
    from p4dmm.controller import Controller, open_store  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = Controller(network, store=open_store(network), on_event=_print_json if as_json else _print_text)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, running.reload_policy)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, partial(print_state, running, as_json=as_json))
    stopped = asyncio.create_task(stop.wait())
    started = asyncio.create_task(running.start())
    try:
        await asyncio.wait((stopped, started), return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            await started
            typer.echo(json.dumps({"ready": network.domain.name}) if as_json else f"ready: {network.domain.name}")
            await stopped
    finally:
        for task in (stopped, started):
            task.cancel()
        await asyncio.gather(stopped, started, return_exceptions=True)
        await running.stop()


def _print_text(event: "HandoverEvent") -> None:
    way = " -> ".join(str(place) for place in (event.old, event.new) if place is not None)
    typer.echo(f"{event.at:.6f} {event.mn_id} {event.kind} {event.stage} {way} {event.detail}".rstrip())


def _print_json(event: "HandoverEvent") -> None:
    typer.echo(
        json.dumps(
            {
                "at": event.at,
                "mn_id": event.mn_id,
                "mac": str(event.mac),
                "kind": event.kind,
                "stage": event.stage,
                "old": event.old and str(event.old),
                "new": event.new and str(event.new),
                "detail": event.detail,
            }
        )
    )


def print_state(running: "Controller", *, as_json: bool) -> None:
    """Every node with its prefixes, and every counter."""
    nodes = [
        {
            "mn_id": node.mn_id,
            "mac": str(node.mac),
            "at": node.at and str(node.at),
            "prefixes": [
                {"prefix": str(p.prefix), "anchor": p.anchor, "tunnel": p.tunnel, "deprecated": p.deprecated}
                for p in node.prefixes
            ],
        }
        for node in running.nodes()
    ]
    if as_json:
        typer.echo(json.dumps({"nodes": nodes, "counters": running.counters}))
        return
    for node in running.nodes():
        typer.echo(
            f"{node.mn_id:24} {node.at or '-'!s:8} {', '.join(_way(prefix) for prefix in node.prefixes)}".rstrip()
        )
    for name, count in sorted(running.counters.items()):
        typer.echo(f"{count:10}  {name}")


def _way(prefix: "PrefixView") -> str:
    way = f"by {prefix.tunnel[0]}" if prefix.tunnel else "native"
    return f"{prefix.prefix} {way}{', deprecated' if prefix.deprecated else ''}"
