# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm decode``: what a mobility message says, and what is wrong with it."""

import json
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from p4dmm.cli.capture import Captured

BAD_MESSAGE = 1
CANNOT_RUN = 2
# PMIPv6 signalling over IPv4: the Mobility Header is the payload, its checksum is not used (RFC 5844 s4.1.3.1).
PMIP6_CNTL_PORT = 5436
_LINUX_SLL, _LINUX_SLL2, _IPV4 = 113, 276, 228
# Octets before the packet, and where its ethertype stands.
_LINK_HEADERS = {1: (14, 12), _LINUX_SLL: (16, 14), _LINUX_SLL2: (20, 0)}


@dataclass(slots=True)
class Found:
    """One Mobility Header: where from, what it says, what is wrong."""

    octets: bytes
    src: IPv6Address | None = None
    dst: IPv6Address | None = None
    tree: dict[str, Any] | None = None
    problems: list[dict[str, Any]] = field(default_factory=list)


def decode(
    octets: Annotated[
        list[str] | None,
        typer.Argument(metavar="HEX", help="a Mobility Header, or an IPv6 packet or Ethernet frame with one, in hex"),
    ] = None,
    *,
    pcap: Annotated[Path | None, typer.Option(help="a capture file, pcap or pcapng")] = None,
    interface: Annotated[str | None, typer.Option("-i", "--interface", help="listen there (needs root)")] = None,
    count: Annotated[int, typer.Option(min=0, help="end after so many messages; 0: do not")] = 0,
    src: Annotated[str | None, typer.Option(help="IPv6 source of a bare Mobility Header, for its checksum")] = None,
    dst: Annotated[str | None, typer.Option(help="IPv6 destination of a bare Mobility Header")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Print mobility messages as trees, with what is wrong in them; exit status 1 if anything is."""
    chosen = [bool(octets), pcap is not None, interface is not None]
    if sum(chosen) != 1:
        raise typer.BadParameter("give HEX, --pcap or --interface, one of them", param_hint="HEX")
    if (src is None) != (dst is None):
        raise typer.BadParameter("--src and --dst are for the same checksum: give both", param_hint="--src")
    if octets:
        found = iter([_from_hex("".join(octets), _address(src, "--src"), _address(dst, "--dst"))])
    elif pcap is not None:
        found = _from_packets(_packets_of_file(pcap))
    else:
        found = _from_packets(_packets_of_interface(str(interface)))
    bad = seen = 0
    for each in found:
        seen += 1
        bad += bool(each.problems)
        _print(each, seen, as_json=as_json)
        if seen == count:
            break
    if not seen:
        typer.echo("p4dmm decode: no mobility message in it", err=True)
    if bad or not seen:
        raise typer.Exit(BAD_MESSAGE)


def _address(text: str | None, hint: str) -> IPv6Address | None:
    try:
        return None if text is None else IPv6Address(text)
    except AddressValueError as error:
        raise typer.BadParameter(f"'{text}' is no IPv6 address", param_hint=hint) from error


def _from_hex(text: str, src: IPv6Address | None, dst: IPv6Address | None) -> Found:
    try:
        octets = bytes.fromhex("".join(text.replace(":", " ").split()))
    except ValueError as error:
        raise typer.BadParameter("not pairs of hex digits", param_hint="HEX") from error
    from p4dmm.wire import IPV6_HEADER  # noqa: PLC0415

    if len(octets) >= IPV6_HEADER and octets[0] >> 4 == 6:
        found = _of_ipv6(octets)
    elif len(octets) > 14 and octets[12:14] == b"\x86\xdd":
        found = _of_ipv6(octets[14:])
    else:
        return _read(Found(octets, src, dst))
    if found is None:
        raise typer.BadParameter("an IPv6 packet without a Mobility Header", param_hint="HEX")
    return found


def _from_packets(packets: "Iterator[Captured]") -> Iterator[Found]:
    for link_type, octets in packets:
        network, ethertype = octets, None
        if link_type in _LINK_HEADERS:
            header, type_at = _LINK_HEADERS[link_type]
            network, ethertype = octets[header:], int.from_bytes(octets[type_at : type_at + 2], "big")
        if ethertype not in {None, 0x86DD, 0x0800} or not network:
            continue
        found = _of_ipv6(network) if network[0] >> 4 == 6 else _of_ipv4(network)
        if found is not None:
            yield found


def _of_ipv6(octets: bytes) -> Found | None:
    """Return the Mobility Header of a packet, None where it has none or cannot be walked."""
    from p4dmm.wire import IPv6Packet, NextHeader, WireError, upper_layer  # noqa: PLC0415
    from p4dmm.wire.home_address import checksum_addresses  # noqa: PLC0415

    try:
        packet = IPv6Packet.decode(octets)
        upper = upper_layer(packet)
    except WireError:
        return None
    if upper.next_header != NextHeader.MOBILITY:
        return None
    try:
        src, dst = checksum_addresses(packet, upper)
    except WireError as error:
        found = _read(Found(upper.payload))
        found.problems.insert(0, {"problem": str(error), "reaction": "discard"})
        return found
    return _read(Found(upper.payload, src, dst))


def _of_ipv4(octets: bytes) -> Found | None:
    header = (octets[0] & 15) * 4
    if octets[0] >> 4 != 4 or len(octets) < max(header, 20) + 8 or octets[9] != 17:
        return None
    ports = struct.unpack_from("!HH", octets, header)
    return _read(Found(octets[header + 8 :])) if PMIP6_CNTL_PORT in ports else None


def _read(found: Found) -> Found:
    """Decode as far as it goes: a wrong checksum alone does not hide what the message says."""
    from p4dmm.cli.describe import message_tree  # noqa: PLC0415
    from p4dmm.wire.mobility import MobilityError, UnknownMessage, decode_mobility  # noqa: PLC0415

    addresses: list[tuple[IPv6Address | None, IPv6Address | None]] = [(found.src, found.dst)]
    if found.src is not None:
        addresses.append((None, None))
    for src, dst in addresses:
        try:
            message = decode_mobility(found.octets, src, dst)
        except MobilityError as error:
            problem = {"problem": str(error), "offset": error.offset, "reaction": error.reaction.value}
            if problem not in found.problems:
                found.problems.append(problem)
            continue
        found.tree = message_tree(message)
        if isinstance(message, UnknownMessage):
            found.problems.append({"problem": found.tree["problem"], "offset": 2})
        found.problems += _option_problems(found.tree)
        break
    return found


def _option_problems(tree: dict[str, Any]) -> list[dict[str, Any]]:
    problems = []
    for option in tree.get("options", ()):
        if "problem" in option:
            problems.append({"problem": option["problem"]})
        problems += _option_problems(option)
    return problems


def _print(found: Found, number: int, *, as_json: bool) -> None:
    from p4dmm.cli.describe import text_lines  # noqa: PLC0415

    ends = {"src": None if found.src is None else str(found.src), "dst": None if found.dst is None else str(found.dst)}
    if as_json:
        whole = {"number": number, **ends, "octets": found.octets.hex(), **(found.tree or {})}
        typer.echo(json.dumps(whole | {"problems": found.problems}))
        return
    between = f", {ends['src']} to {ends['dst']}" if found.src is not None else ", checksum not looked at"
    typer.echo(f"{number}: {len(found.octets)} octets{between}")
    if found.tree is not None:
        for line in text_lines(found.tree, 1):
            typer.echo(line)
    for problem in found.problems:
        if found.tree is None or "reaction" in problem:
            typer.echo(f"  wrong: {problem['problem']}")
        if "reaction" in problem:
            typer.echo(f"  receiver: {problem['reaction']}")


def _packets_of_file(path: Path) -> "Iterator[Captured]":
    from p4dmm.cli.capture import CaptureError, read_capture  # noqa: PLC0415

    try:
        yield from read_capture(path.read_bytes())
    except OSError as error:
        _fail(f"{path}: {error.strerror}")
    except CaptureError as error:
        _fail(f"{path}: {error}")


def _packets_of_interface(name: str) -> "Iterator[Captured]":
    import socket  # noqa: PLC0415

    from p4dmm.cli.capture import LINKTYPE_ETHERNET, Captured  # noqa: PLC0415

    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003)) as listener:
            listener.bind((name, 0))
            typer.echo(f"listening on {name}; Ctrl-C ends it", err=True)
            while True:
                yield Captured(LINKTYPE_ETHERNET, listener.recv(65536))
                sys.stdout.flush()
    except PermissionError:
        _fail(f"{name}: packet sockets need root or CAP_NET_RAW")
    except OSError as error:
        _fail(f"{name}: {error.strerror}")


def _fail(text: str) -> None:
    typer.echo(f"p4dmm decode: {text}", err=True)
    raise typer.Exit(CANNOT_RUN)
