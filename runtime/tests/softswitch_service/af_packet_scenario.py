# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Run inside a fresh network namespace by test_ports_af_packet.py; prints one JSON object."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Callable

import pytest

from p4dmm.softswitch.service import SwitchServer
from p4dmm.softswitch.service.ports import PortError
from p4dmm.softswitch.service.ports.af_packet import ETH_P_ALL, AfPacketPort

from .raw_client import DEVICE_ID, FORWARD, RawClient, action, insert, l2

FRAME = bytes.fromhex("020000000001020000000002") + b"\x88\xb5" + bytes(range(50))  # local experimental ethertype
OTHER = FRAME[:-1] + b"\xff"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=10)


class Bench:
    """A port on sw0, and the far end of its veth pair."""

    def __init__(self) -> None:
        self.port = AfPacketPort("sw0")
        self.got: list[bytes] = []
        self.far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.far.bind(("host0", ETH_P_ALL))
        self.far.setblocking(False)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)

    async def far_frame(self) -> bytes:
        """The next frame that arrived at the far end."""
        async with asyncio.timeout(10):
            while True:
                frame, address = await asyncio.get_running_loop().sock_recvfrom(self.far, 65536)
                if address[2] != socket.PACKET_OUTGOING and frame[12:14] in (b"\x88\xb5", b"\x81\x00"):
                    return frame

    def ours(self) -> list[bytes]:
        """Without what the kernel sends by itself on a new interface."""
        return [frame for frame in self.got if frame[12:14] in (b"\x88\xb5", b"\x81\x00")]


async def forward_between_interfaces() -> None:
    switch = SwitchServer(device_id=DEVICE_ID)
    hosts = {}
    for number in (1, 2):
        near, far = f"near{number}", f"far{number}"
        ip("link", "add", near, "type", "veth", "peer", "name", far)
        for name in (near, far):
            ip("link", "set", name, "up")
        switch.attach_port(number, AfPacketPort(near))
        hosts[number] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5))
        hosts[number].bind((far, 0x88B5))
        hosts[number].setblocking(False)
    await switch.start()
    async with RawClient(switch.address) as client:
        await client.arbitrate(1)
        await client.configure()
        await client.write(insert(l2(1, int.from_bytes(FRAME[:6], "big"), action(FORWARD, 2))))
    hosts[1].send(FRAME)
    async with asyncio.timeout(10):
        assert await asyncio.get_running_loop().sock_recv(hosts[2], 2000) == FRAME
    await switch.stop()
    for host in hosts.values():
        host.close()


async def main() -> dict[str, str]:
    results: dict[str, str] = {}
    ip("link", "set", "lo", "up")
    for near, far in (("sw0", "host0"), ("sw1", "host1")):
        ip("link", "add", near, "type", "veth", "peer", "name", far)
        for name in (near, far):
            ip("link", "set", name, "up", "mtu", "1500")
    bench = Bench()
    bench.port.open(bench.got.append)

    bench.far.send(FRAME)
    await bench.until(lambda: FRAME in bench.got)
    assert bench.port.send(OTHER)
    assert await bench.far_frame() == OTHER
    results["both ways"] = "ok"

    assert OTHER not in bench.got
    results["own frames are not received"] = "ok"

    tagged = FRAME[:12] + b"\x81\x00\x60\x05" + FRAME[12:]  # the kernel takes the tag out on its way in
    bench.far.send(tagged)
    await bench.until(lambda: tagged in bench.got)
    results["VLAN tag is kept"] = "ok"

    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as elsewhere:
        elsewhere.bind(("host1", ETH_P_ALL))
        stray = FRAME[:-1] + b"\xee"
        elsewhere.send(stray)
        marker = FRAME[:-1] + b"\xed"
        bench.far.send(marker)
        await bench.until(lambda: marker in bench.got)
        assert stray not in bench.got
    results["other interfaces stay out"] = "ok"

    ip("link", "set", "sw0", "down")
    assert not bench.port.send(FRAME)
    ip("link", "set", "sw0", "up")
    after = FRAME[:-1] + b"\xdd"
    await bench.until(lambda: bench.port.send(after))
    while await bench.far_frame() != after:
        pass
    back = FRAME[:-1] + b"\xdc"
    bench.far.send(back)
    await bench.until(lambda: back in bench.got)
    results["down and up again"] = "ok"

    assert not bench.port.send(FRAME + bytes(3000))
    results["frame above the MTU is a drop"] = "ok"

    before = len(bench.ours())
    sent = 0
    for _ in range(40_000):  # nobody reads while this loop runs
        try:
            bench.far.send(FRAME)
            sent += 1
        except BlockingIOError:
            continue
    assert bench.port.rx_drops() > 0
    await bench.until(lambda: len(bench.ours()) - before + bench.port.rx_drops() >= sent)
    results["overload drops at the receive queue"] = "ok"

    ip("link", "del", "sw0")
    assert not bench.port.send(FRAME)
    await asyncio.sleep(0)
    assert not bench.port.send(FRAME)
    results["interface disappears"] = "ok"

    with pytest.raises(PortError, match="interface nosuch0: "):
        AfPacketPort("nosuch0").open(bench.got.append)
    results["unknown interface"] = "ok"

    bench.port.close()
    bench.port.close()
    assert not bench.port.send(FRAME)
    results["closed port"] = "ok"
    bench.far.close()

    await forward_between_interfaces()
    results["a switch forwards between two interfaces"] = "ok"
    return results


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
