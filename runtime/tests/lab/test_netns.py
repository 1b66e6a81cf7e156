# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Real hosts and the radio, without switches: what the kernel does when a node comes, moves and goes."""

import asyncio
import contextlib
import os
import socket
import time
from pathlib import Path

import pytest

from p4dmm.config import PortRef, load_network
from p4dmm.lab.base import TrafficSpec
from p4dmm.lab.errors import LabError
from p4dmm.lab.netns_lab import NetnsLab
from p4dmm.lab.netns_traffic import TCP_PORT, NetnsTraffic
from p4dmm.wire.mld import MldV2Report
from p4dmm.wire.packet import decode_frame

pytestmark = pytest.mark.netns

NETWORK = Path(__file__).parents[3] / "topo" / "triangle.toml"
S1, S2, S3 = (PortRef(switch=name, port=1) for name in ("s1", "s2", "s3"))
ONE, TWO = "2001:db8:1::1", "2001:db8:1::2"


@contextlib.asynccontextmanager
async def running(tmp_path):
    lab = NetnsLab(load_network(NETWORK), log_dir=tmp_path, switches=False)
    try:
        await lab.start()
        yield lab
    finally:
        await lab.stop()


async def echoes(lab, seconds):
    """The number of replies to mn1 within some seconds from now."""
    host = lab.hosts["mn1"]
    before = len((await host.ask("stream_log", name="e", sent_since=0, arrivals_since=0))["arrivals"])
    await asyncio.sleep(seconds)
    return len((await host.ask("stream_log", name="e", sent_since=0, arrivals_since=0))["arrivals"]) - before


async def link_local(lab, host):
    async with asyncio.timeout(10):
        while True:
            for found in await lab.addresses(host):
                if found.address.is_link_local and not found.tentative:
                    return found.address
            await asyncio.sleep(0.05)


async def test_two_nodes_of_a_port_hear_each_other_until_one_moves(tmp_path):
    async with running(tmp_path) as lab:
        await lab.attach("mn1", S1)
        await lab.attach("mn2", S1)
        one, two = await link_local(lab, "mn1"), await link_local(lab, "mn2")
        assert one == lab.node("mn1").mac.link_local()
        host = lab.hosts["mn1"]
        await host.ask("echo", name="e", source=f"{one}%eth0")
        await host.ask("send", name="e", to=(f"{two}%eth0", 0), interval=0.01)
        assert await echoes(lab, 0.5) > 20
        await lab.move("mn1", S2)
        assert lab.where("mn1") == S2
        assert await echoes(lab, 0.3) == 0
        await lab.move("mn2", S2, planned=True)
        assert await echoes(lab, 2.5) > 50
        await lab.detach("mn2")
        await echoes(lab, 0.1)
        assert await echoes(lab, 0.3) == 0


async def test_in_a_planned_move_a_node_speaks_on_the_new_link_at_once(tmp_path):
    async with running(tmp_path) as lab:
        await lab.attach("mn1", S1)
        await lab.attach("mn2", S1)
        one, two = await link_local(lab, "mn1"), await link_local(lab, "mn2")
        host = lab.hosts["mn1"]
        await host.ask("echo", name="e", source=f"{one}%eth0")
        await host.ask("send", name="e", to=(f"{two}%eth0", 0), interval=0.01)
        assert await echoes(lab, 0.3) > 10
        begun = time.monotonic()
        times = await lab.move("mn1", S2, planned=True, overlap_s=0.5)
        assert begun <= times.attached
        assert times.left - times.attached >= 0.5
        # mn2 stayed: what mn1 sends goes to S2 now.
        assert await echoes(lab, 0.3) == 0


async def test_a_carrier_that_returns_makes_the_kernel_report_its_groups(tmp_path):
    async with running(tmp_path) as lab:
        await lab.attach("mn1", S1)
        await link_local(lab, "mn1")
        heard = []
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sniffer:
            sniffer.bind(("s2-1", 0))
            sniffer.setblocking(False)
            asyncio.get_running_loop().add_reader(sniffer, lambda: heard.append((time.monotonic(), sniffer.recv(2048))))
            times = await lab.move("mn1", S2, gap_s=0.2)
            await asyncio.sleep(1.5)
            asyncio.get_running_loop().remove_reader(sniffer)
        assert times.attached - times.left >= 0.2
        frames = [(at, decode_frame(frame)) for at, frame in heard]
        assert {frame.ethernet.src for _, frame in frames} == {lab.node("mn1").mac}
        reports = [at for at, frame in frames if isinstance(frame.message, MldV2Report)]
        assert reports
        assert times.attached <= reports[0] < times.attached + 1.2


async def test_streams_and_tcp_outlive_a_short_absence(tmp_path):
    async with running(tmp_path) as lab:
        ends = {"mn1": ONE, "mn2": TWO}
        for name, address in ends.items():
            await lab.attach(name, S1)
            await lab.hosts[name].ask("configure", address=f"{address}/64", gateway=None)
        one, two = lab.hosts["mn1"], lab.hosts["mn2"]
        await two.ask("tcp_serve", address=TWO, port=TCP_PORT)
        local = (await lab.addresses("mn1"))[0].address.__class__
        traffic = NetnsTraffic(1, node=one, peer=two, source=local(ONE), remote=local(TWO), spec=TrafficSpec())
        await traffic.start()
        await asyncio.sleep(0.5)
        times = await lab.move("mn1", S3)
        await asyncio.sleep(0.4)
        back = await lab.move("mn1", S1)
        await asyncio.sleep(3)
        log = await traffic.stop()
        assert [stream.name for stream in log.streams] == ["ping", "udp up", "udp down"]
        for stream in log.streams:
            assert stream.stats(end=times.left - 0.05).lost == 0, stream.name
            assert stream.stats(times.left, back.attached).lost > 10, stream.name
            assert stream.first_after(back.attached) is not None
            assert stream.stats(start=back.attached + 1.5).lost == 0, stream.name
            assert stream.stats().duplicates == 0
        assert log.tcp.problems == ()
        for way in (log.tcp.down, log.tcp.up):
            assert any(at > back.attached for at, _ in way)
        assert await one.ask("tcp_fetch", to=(TWO, TCP_PORT), octets=5000, timeout_s=5)


async def test_the_correspondent_is_configured_as_the_file_says(tmp_path):
    async with running(tmp_path) as lab:
        addresses = {found.address for found in await lab.addresses("cn")}
        assert lab.correspondent("cn").address.ip in addresses
        router = lab.network.switch("c1").router_mac.link_local()
        assert await lab.default_routers("cn") == (router,)


async def test_errors_are_one_line(tmp_path):
    async with running(tmp_path) as lab:
        with pytest.raises(LabError, match="attached nowhere"):
            await lab.move("mn1", S2)
        await lab.attach("mn1", S1)
        with pytest.raises(LabError, match="at s1:1 already"):
            await lab.move("mn1", S1)
        with pytest.raises(LabError, match="attached to s1:1: move it"):
            await lab.attach("mn1", S2)
        with pytest.raises(LabError, match="no access port"):
            await lab.move("mn1", PortRef(switch="s1", port=11))
        with pytest.raises(LabError, match="host mn1: tcp_fetch: "):
            await lab.hosts["mn1"].ask("tcp_fetch", to=("::1", 9), octets=1, timeout_s=1)
        with pytest.raises(LabError, match="no usable address in 2001:db8:1000::/48 after 0 s"):
            await lab.wait_preferred("mn1", lab.network.switches[0].pool, 0.2)
        with pytest.raises(LabError, match="no node 'x'; there are mn1, mn2"):
            lab.node("x")


async def test_no_host_outlives_the_lab(tmp_path):
    async with running(tmp_path) as lab:
        pids = [host.pid for host in lab.hosts.values()]
        namespaces = {os.stat(f"/proc/{pid}/ns/net").st_ino for pid in (*pids, os.getpid())}  # noqa: PTH116
        assert len(namespaces) == len(pids) + 1
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_lab_can_be_started_after_another_has_stopped(tmp_path):
    for _ in range(2):
        async with running(tmp_path) as lab:
            await lab.attach("mn1", S1)


async def test_a_switch_that_does_not_start_is_named_with_its_last_words(tmp_path, monkeypatch):
    import sys

    from p4dmm.lab import switch_process

    monkeypatch.setattr(switch_process, "_EMBEDDED", (sys.executable, "-c", "raise SystemExit('no such thing')"))
    lab = NetnsLab(load_network(NETWORK), log_dir=tmp_path)
    try:
        with pytest.raises(LabError, match=r"switch s\d ended with status 1: no such thing \(see .*s\d.log\)"):
            await lab.start()
    finally:
        await lab.stop()
