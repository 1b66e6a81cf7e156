# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The agent's answers, in this process."""

import json

from p4dmm.lab import host_setup
from p4dmm.lab.host_agent import Agent


async def ask(agent, do, **arguments):
    return await agent.answer(json.dumps({"id": 1, "do": do, **arguments}).encode())


async def test_what_it_does_not_know_is_an_error():
    agent = Agent()
    assert await ask(agent, "dance") == {"id": 1, "error": "dance: 'dance'"}
    assert "unexpected keyword" in (await ask(agent, "addresses", loudly=True))["error"]


async def test_datagrams_and_tcp_over_the_loopback_interface():
    import asyncio
    import socket

    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    agent = Agent()
    try:
        assert "error" not in await ask(agent, "udp", name="u", address="::1", port=port)
        await ask(agent, "send", name="u", to=("::1", port), interval=0.005)
        await ask(agent, "tcp_serve", address="::1", port=port)
        fetched = await ask(agent, "tcp_fetch", to=("::1", port), octets=100_000, timeout_s=5)
        assert (fetched["result"]["source"], fetched["result"]["octets"]) == ("::1", 100_000)
        await ask(agent, "tcp_open", name="t", source="::1", to=("::1", port), rate=1_000_000, timeout_s=5)
        await asyncio.sleep(0.3)
        await ask(agent, "stop_sending", name="u")
        assert (await ask(agent, "tcp_finish", name="t", timeout_s=5))["result"] is None
        await asyncio.sleep(0.05)
        stream = (await ask(agent, "stream_log", name="u", sent_since=0, arrivals_since=0))["result"]
        assert [number for number, _ in stream["arrivals"]] == list(range(len(stream["sent"])))
        assert len(stream["sent"]) > 20
        log = (await ask(agent, "tcp_log", name="t", arrivals_since=0))["result"]
        assert log["problems"] == []
        assert sum(octets for _, octets in log["arrivals"]) > 100_000
    finally:
        await agent.close()


def test_kernel_tables_are_read(monkeypatch):
    anywhere = f"{'0' * 32} 00 {'0' * 32} 00"
    tables = {
        "/proc/net/if_inet6": "20010db8100000000000" + "5efffe000101" + " 02 40 00 20     eth0\n"
        "fe800000000000000000" + "5efffe000101" + " 02 40 20 c0     eth0\n"
        "00000000000000000000000000000001 01 80 10 80       lo\n",
        "/proc/net/ipv6_route": f"{anywhere} fe80{'0' * 26}02 00000400 00000001 00000000 00000003     eth0\n"
        f"{anywhere} fe80{'0' * 26}01 00000100 00000001 00000000 00000003     eth0\n"
        f"{anywhere} {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n",
    }
    monkeypatch.setattr(host_setup.Path, "read_text", lambda path: tables[str(path)])
    assert host_setup.addresses() == [
        {"address": "2001:db8:1000::5eff:fe00:101", "prefix_length": 64, "deprecated": True, "tentative": False},
        {"address": "fe80::5eff:fe00:101", "prefix_length": 64, "deprecated": False, "tentative": True},
    ]
    assert host_setup.default_routers() == ["fe80::1", "fe80::2"]
