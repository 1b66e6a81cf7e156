# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm decode``: what a mobility message says, and what is wrong with it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from p4dmm.cli.locate import Located
    from p4dmm.cli.reading import Reading

BAD_MESSAGE = 1
CANNOT_RUN = 2


class Found(NamedTuple):
    """A Mobility Header, and in which frame of the capture it was, counted from 1 as Wireshark does."""

    located: "Located"
    frame: int | None = None


def decode(
    octets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HEX",
            help="a Mobility Header, or an IP packet or Ethernet frame with one, in hex; '-' takes standard input",
        ),
    ] = None,
    *,
    pcap: Annotated[Path | None, typer.Option(metavar="FILE", help="a capture, pcap or pcapng")] = None,
    interface: Annotated[
        str | None, typer.Option("-i", "--interface", metavar="NAME", help="listen there (needs root)")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="end after so many messages")] = None,
    src: Annotated[
        str | None,
        typer.Option(metavar="IPV6", help="source of a Mobility Header without its packet, for its checksum"),
    ] = None,
    dst: Annotated[str | None, typer.Option(metavar="IPV6", help="destination of it")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Print mobility messages (Mobility Header, RFC 6275 to RFC 8885) as trees, with what is wrong in them.

    Messages are found in IPv6, behind VLAN tags, in IP-in-IP tunnels, in UDP over IPv4 (ports 5436, 5437, 4191).

    Exit status: 0 all is well, 1 a message is bad or there is none, 2 it cannot be read at all.

    Examples:

      p4dmm decode --pcap capture.pcapng

      p4dmm decode --interface eth0 --count 10 --json

      p4dmm decode 3b00000000000000

      p4dmm decode --src 2001:db8::1 --dst 2001:db8::2 - < message.hex
    """
    chosen = [bool(octets), pcap is not None, interface is not None]
    if sum(chosen) != 1:
        raise typer.BadParameter("give HEX, --pcap or --interface, one of them", param_hint="HEX")
    if (src is None) != (dst is None):
        raise typer.BadParameter("--src and --dst are for the same checksum: give both", param_hint="--src")
    if octets:
        found = iter([_from_hex(octets, _address(src, "--src"), _address(dst, "--dst"))])
    elif src is not None:
        raise typer.BadParameter("packets have addresses of their own", param_hint="--src")
    else:
        found = _from_file(pcap) if pcap is not None else _from_interface(str(interface))
    bad = seen = 0
    for each in found:
        seen += 1
        bad += _print(each, seen, as_json=as_json)
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


def _from_hex(words: list[str], src: IPv6Address | None, dst: IPv6Address | None) -> Found:
    from p4dmm.cli.locate import in_octets  # noqa: PLC0415

    text = sys.stdin.read() if words == ["-"] else " ".join(words)
    try:
        octets = bytes.fromhex("".join(text.replace(":", " ").split()).removeprefix("0x"))
    except ValueError as error:
        is_file = len(words) == 1 and Path(words[0]).is_file()
        remedy = f"; '{words[0]}' is a file: --pcap reads captures, '- < {words[0]}' hex" if is_file else ""
        raise typer.BadParameter(f"not pairs of hex digits{remedy}", param_hint="HEX") from error
    found = in_octets(octets)
    if found is None:
        raise typer.BadParameter("a packet without a Mobility Header", param_hint="HEX")
    if src is not None and found.src is None:
        found = replace(found, src=src, dst=dst)
    return Found(found)


def _from_file(path: Path) -> Iterator[Found]:
    from p4dmm.cli.capture import CaptureError, read_capture  # noqa: PLC0415
    from p4dmm.cli.locate import in_frame  # noqa: PLC0415

    try:
        for number, (link_type, octets) in enumerate(read_capture(path.read_bytes()), 1):
            found = in_frame(link_type, octets)
            if found is not None:
                yield Found(found, number)
    except OSError as error:
        _fail(f"{path}: {error.strerror}")
    except CaptureError as error:
        _fail(f"{path}: {error}")


def _from_interface(name: str) -> Iterator[Found]:
    import socket  # noqa: PLC0415

    from p4dmm.cli.locate import ETHERTYPE_IPV4, ETHERTYPE_IPV6, in_packet  # noqa: PLC0415

    everything = 0x0003  # ETH_P_ALL: what is sent, too
    try:
        # Without the link header, whatever kind it is; VLAN tags are off by then.
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(everything)) as listener:
            listener.bind((name, everything))
            typer.echo(f"listening on {name}; Ctrl-C ends it", err=True)
            while True:
                octets, (_, ethertype, kind, *_) = listener.recvfrom(65536)
                if name == "lo" and kind == socket.PACKET_OUTGOING:
                    continue  # it comes in again
                found = in_packet(octets) if ethertype in {ETHERTYPE_IPV4, ETHERTYPE_IPV6} else None
                if found is not None:
                    yield Found(found)
    except KeyboardInterrupt:
        return
    except PermissionError:
        _fail(f"{name}: packet sockets need root or CAP_NET_RAW")
    except OSError as error:
        _fail(f"{name}: {error.strerror}")


def _print(found: Found, number: int, *, as_json: bool) -> bool:
    """Print one message; whether anything is wrong with it."""
    from p4dmm.cli.reading import read  # noqa: PLC0415

    reading = read(found.located)
    if as_json:
        typer.echo(json.dumps(_document(found, number, reading)))
    else:
        for line in _lines(found, number, reading):
            typer.echo(line)
    return bool(reading.problems)


def _document(found: Found, number: int, reading: "Reading") -> dict[str, Any]:
    located = found.located
    head = {
        "number": number,
        "frame": found.frame,
        "src": None if located.src is None else str(located.src),
        "dst": None if located.dst is None else str(located.dst),
        "carried_in": list(located.carriers),
        "octets": located.octets.hex(),
    }
    return {**head, **(reading.tree or {}), "unread": reading.unread.hex(), "problems": reading.problems}


def _lines(found: Found, number: int, reading: "Reading") -> Iterator[str]:
    from p4dmm.cli.describe import text_lines  # noqa: PLC0415

    located = found.located
    words = [] if found.frame is None else [f"frame {found.frame}"]
    words.append(f"{len(located.octets)} octets")
    words.append("checksum not looked at" if located.src is None else f"{located.src} to {located.dst}")
    words += [f"in {carrier}" for carrier in located.carriers]
    yield f"{number}: {', '.join(words)}"
    if reading.tree is not None:
        yield from text_lines(reading.tree, 1)
    if reading.unread:
        yield f"  not read: {reading.unread.hex()}"
    for problem in reading.problems:
        # Those of options stand beside them.
        if reading.tree is None or "reaction" in problem or problem["problem"] in located.problems:
            yield f"  wrong: {problem['problem']}"
        if "reaction" in problem:
            yield f"  receiver: {problem['reaction']}"


def _fail(text: str) -> None:
    typer.echo(f"p4dmm decode: {text}", err=True)
    raise typer.Exit(CANNOT_RUN)
