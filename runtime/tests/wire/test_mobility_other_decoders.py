# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What tshark and PyPCAPKit read in our mobility messages is what we meant, for whatever they know.

tshark 4.0 does not know options 42 to 45, 53, 54 and 56 to 70; it reads types 17 and 18 two octets too early (RFC 6705
s10), wants 16 as the length of option 51 where RFC 6705 s11.1 says 18, counts options 21, 60 and 61 in the usual octets
(RFC 5568 s6.4.5, RFC 7411 s5.3), leaves two octets of option 9's data
out, and does not skip the addresses of a Home Agent Switch. PyPCAPKit wants a multiple of
8 in option 5 (RFC 6275 s6.2.7 has 12) and 4 in option 9 before its first octet (RFC 4285 s5).
"""

import warnings
from dataclasses import fields
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from p4dmm import wire
from p4dmm.wire import mobility

from .mobility_option_rows import OPTION_ROWS, OptionRow
from .mobility_rows import DST, MESSAGE_ROWS, SRC, MessageRow
from .test_other_decoders import tshark

NOT_IN_TSHARK = {17, 18, 21, 42, 43, 44, 45, 51, 53, 54, *range(56, 71), 200}
NOT_IN_PCAPKIT = {5, 9}
# Nor of the octets in option 12, which it takes apart further.
IN_PCAPKIT = [row for row in OPTION_ROWS if row.option.TYPE not in NOT_IN_PCAPKIT | {12}]

# Class, number among the rows of that class, what tshark calls it.
MESSAGES: list[tuple[str, int, dict[str, str]]] = [
    ("HomeTestInit", 0, {"mip6.hoti.cookie": "0x0001020304050607"}),
    ("CareOfTestInit", 0, {"mip6.coti.cookie": "0x0001020304050607", "mip6.bi.bid": "5"}),
    ("HomeTest", 0, {"mip6.hot.nindex": "9", "mip6.hot.token": "0x08090a0b0c0d0e0f"}),
    ("CareOfTest", 0, {"mip6.cot.nindex": "9", "mip6.cot.cookie": "0x0001020304050607"}),
    (
        "BindingUpdate",
        0,
        {
            "mip6.bu.seqnr": "1",
            "mip6.bu.a_flag": "1",
            "mip6.bu.h_flag": "1",
            "mip6.bu.l_flag": "0",
            "mip6.bu.p_flag": "0",
            "mip6.bu.lifetime": "15",
            "mip6.acoa.acoa": "2001:db8:c::1",
            "mip6.nemo.mnp.pfl": "56",
            "mip6.nemo.mnp.mnp": "2001:db8:1::",
        },
    ),
    (
        "BindingUpdate",
        1,
        {
            "mip6.bu.seqnr": "65535",
            "mip6.bu.a_flag": "0",
            "mip6.bu.l_flag": "1",
            "mip6.bu.k_flag": "1",
            "mip6.nemo.bu.r_flag": "1",
            "mip6.ni.hni": "1",
            "mip6.ni.cni": "2",
            "mip6.bad.auth": "000102030405060708090a0b",
        },
    ),
    (
        "BindingUpdate",
        2,
        {
            "mip6.auth.subtype": "1",
            "mip6.auth.mobility_spi": "256",
            "mip6.mnid.subtype": "1",
        },
    ),
    (
        "ProxyBindingUpdate",
        0,
        {
            "mip6.bu.p_flag": "1",
            "mip6.bu.a_flag": "1",
            "mip6.bu.seqnr": "7",
            "mip6.bu.lifetime": "10",
            "mip6.mnid.identifier": "node1@example.com",
            "mip6.hi": "1",
            "mip6.att": "4",
            "mip6.mnlli.lli": "020000000001",
            "mip6.lila_lla": "::",
        },
    ),
    (
        "BindingAck",
        0,
        {
            "mip6.ba.status": "135",
            "mip6.ba.k_flag": "1",
            "mip6.nemo.ba.r_flag": "1",
            "mip6.ba.p_flag": "0",
            "mip6.ba.seqnr": "1",
            "mip6.ba.lifetime": "15",
            "mip6.bra.interval": "10",
        },
    ),
    ("ProxyBindingAck", 0, {"mip6.ba.status": "0", "mip6.ba.p_flag": "1", "mip6.ba.seqnr": "7"}),
    ("BindingError", 0, {"mip6.be.status": "2", "mip6.be.haddr": "::"}),
    (
        "FastBindingUpdate",
        0,
        {"mip6.fbu.seqnr": "3", "mip6.fbu.a_flag": "1", "mip6.fbu.h_flag": "1", "mip6.fbu.lifetime": "60"},
    ),
    ("FastBindingAck", 0, {"mip6.fback.status": "1", "mip6.fback.seqnr": "3", "mip6.fback.lifetime": "60"}),
    ("HomeAgentSwitch", 0, {"mip6.has.num_addrs": "2", "mip6.has.address": "2001:db8::9,2001:db8::8"}),
    ("Heartbeat", 0, {"mip6.hb.u_flag": "0", "mip6.hb.r_flag": "0", "mip6.hb.seqnr": "77"}),
    ("Heartbeat", 1, {"mip6.hb.u_flag": "1", "mip6.hb.r_flag": "1", "mip6.hb.seqnr": "0", "mip6.rc": "3"}),
    ("HandoverInitiate", 0, {"mip6.hi.seqnr": "4", "mip6.hi.s_flag": "0", "mip6.hi.u_flag": "0", "mip6.hi.code": "2"}),
    ("HandoverAck", 0, {"mip6.hack.seqnr": "4", "mip6.hack.code": "5"}),
    (
        "BindingRevocationIndication",
        0,
        {"mip6.bri_br.type": "1", "mip6.bri_r.trigger": "1", "mip6.bri_seqnr": "5", "mip6.bri_ip": "1"},
    ),
    ("BindingRevocationAck", 0, {"mip6.bri_br.type": "2", "mip6.bri_status": "132", "mip6.bri_seqnr": "5"}),
]
OPTIONS: list[tuple[str, int, dict[str, str]]] = [
    ("DnsUpdate", 0, {"mip6.dnsu.status": "130", "mip6.dnsu.flag.r": "1"}),
    ("ServiceSelection", 0, {"mip6.ss.identifier": "internet"}),
    ("Ipv4HomeAddress", 0, {"mip6.ipv4ha.preflen": "32", "mip6.ipv4ha.p_flag": "1", "mip6.ipv4ha.ha": "192.0.2.1"}),
    ("Ipv4AddressAcknowledgement", 0, {"mip6.ipv4aa.sts": "128", "mip6.ipv4ha.preflen": "24"}),
    ("NatDetection", 0, {"mip6.natd.f_flag": "1", "mip6.natd.refresh_t": "110"}),
    ("Ipv4CareOfAddress", 0, {"mip6.ipv4coa.addr": "198.51.100.1"}),
    ("GreKey", 0, {"mip6.gre_key": "16909060"}),
    ("MhIpv6AddressPrefix", 0, {"mip6.mhipv6ap.opt_code": "2", "mip6.mhipv6ap.len": "128"}),
    ("BindingIdentifier", 0, {"mip6.bi.bid": "5", "mip6.bi.status": "4", "mip6.bi.h_flag": "1"}),
    ("BindingIdentifier", 1, {"mip6.bi.coa_ipv4": "198.51.100.1"}),
    ("BindingIdentifier", 2, {"mip6.bi.coa_ipv6": "2001:db8:c::1"}),
    ("Ipv4DefaultRouterAddress", 0, {"mip6.ipv4dra.dra": "192.0.2.254"}),
    ("Ipv4DhcpSupportMode", 0, {"mip6.ipv4dsm.s_flag": "1"}),
    ("LmaAddress", 0, {"mip6.lmaa.opt_code": "1", "mip6.lmaa.ipv6": "2001:db8::9"}),
    ("LmaAddress", 1, {"mip6.lmaa.opt_code": "2", "mip6.lmaa.ipv4": "192.0.2.1"}),
    ("RedirectOption", 0, {"mip6.redir.k": "1", "mip6.redir.n": "0", "mip6.redir.addr_r2lma_ipv6": "2001:db8::9"}),
    ("RedirectOption", 1, {"mip6.redir.k": "0", "mip6.redir.n": "1", "mip6.redir.addr_r2lma_ipv4": "192.0.2.1"}),
    ("LoadInformation", 0, {"mip6.load_inf.priority": "1", "mip6.load_inf.maximum_capacity": "10000"}),
    ("AlternateIpv4CareOfAddress", 0, {"mip6.alt_ip4": "198.51.100.1"}),
    ("MobileNodeGroupIdentifier", 0, {"mip6.mng.sub_type": "1", "mip6.mng.mng_id": "99"}),
    ("AccessNetworkIdentifier", 0, {"mip6.acc_net_id.e_bit": "1", "mip6.acc_net_id.op_id.type": "2"}),
    ("DelegatedMobileNetworkPrefix", 0, {"mip6.dmnp.v_flag": "0", "mip6.dmnp.dmnp_ipv6": "2001:db8:1::"}),
    ("DelegatedMobileNetworkPrefix", 1, {"mip6.dmnp.v_flag": "1", "mip6.dmnp.dmnp_ipv4": "192.0.2.0"}),
]


def in_message(option: mobility.MobilityOption) -> bytes:
    return mobility.encode_mobility(mobility.BindingRefreshRequest(options=(option,)), SRC, DST)


def frame(octets: bytes) -> bytes:
    return bytes(12) + b"\x86\xdd" + wire.IPv6Packet(SRC, DST, 135, octets).encode()


def row_of(name: str, number: int) -> bytes:
    for rows in (MESSAGE_ROWS, OPTION_ROWS):
        found = [row for row in rows if type(row[1]).__name__ == name]
        if found:
            row = found[number]
            return frame(row.octets if isinstance(row, MessageRow) else in_message(row.option))
    raise AssertionError(name)


def test_tshark_finds_nothing_wrong(tmp_path: Path) -> None:
    known_messages = [
        row for row in MESSAGE_ROWS if row.message.TYPE not in {8, 12, 17, 18} and b"\x08\x01\x01" not in row.octets
    ]
    # Its own layout for the vendor of the row; and a rejection's empty identifier is one it warns of.
    known_options = [row for row in OPTION_ROWS if row.option.TYPE not in NOT_IN_TSHARK | {19} and len(row.octets) != 3]
    octets = [row.octets for row in known_messages] + [in_message(row.option) for row in known_options]
    rows = tshark(
        tmp_path / "all.pcap", [frame(each) for each in octets], "mip6.mhtype", "mip6.csum", "_ws.malformed",
        "mip6.opt.len.invalid", "mip6.mobility_opt.len",
    )  # fmt: skip
    for got, each in zip(rows, octets, strict=True):
        assert got[:4] == [str(each[2]), f"0x{each[4:6].hex()}", "", ""], each.hex()


@pytest.fixture(scope="module")
def seen_by_tshark(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, str]]:
    names = sorted({name for _, _, expected in MESSAGES + OPTIONS for name in expected})
    keys = [(name, number) for name, number, _ in MESSAGES + OPTIONS]
    path = tmp_path_factory.mktemp("tshark") / "fields.pcap"
    rows = tshark(path, [row_of(*key) for key in keys], *names)
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(keys, rows, strict=True)}


@pytest.mark.parametrize(("name", "number", "expected"), MESSAGES + OPTIONS)
def test_tshark_reads_the_fields(
    seen_by_tshark: dict[tuple[str, int], dict[str, str]], name: str, number: int, expected: dict[str, str]
) -> None:
    seen = seen_by_tshark[name, number]
    assert {field: seen[field] for field in expected} == expected


@pytest.fixture(scope="module")
def pcapkit_mh() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("pcapkit.protocols.internet.mh", reason="PyPCAPKit is not installed")
    return module.MH


def values_in(owner: Any) -> list[Any]:
    """Every number, address and string somewhere below."""
    if isinstance(owner, dict) or hasattr(owner, "items"):
        pairs = owner.items(multi=True) if hasattr(owner, "getlist") else owner.items()
        return [value for _, each in pairs for value in values_in(each)]
    if isinstance(owner, list | tuple):
        return [value for each in owner for value in values_in(each)]
    if hasattr(owner, "to_dict"):
        return values_in(owner.to_dict())
    if isinstance(owner, str):
        return [owner.encode()]
    if isinstance(owner, IPv6Network):
        return [owner.network_address, owner.prefixlen]
    return [owner, owner.packed] if isinstance(owner, IPv6Address) else [owner]


# Read by PyPCAPKit into times, read on where we leave octets, or left out.
CONVERTED = {
    "lifetime",
    "lifetime_s",
    "seconds",
    "fraction",
    "interval",
    "timer",
    "start_time",
    "latitude",
    "longitude",
}
CONVERTED |= {
    "refresh",
    "initial_retransmission",
    "maximum_retransmission",
    "retransmission_delay",
    "parameters",
    "requests",
    "count",
}


def our_values(owner: Any) -> list[Any]:
    found: list[Any] = []
    for item in fields(owner):
        value = getattr(owner, item.name)
        if item.name in CONVERTED or "reserved" in item.name or item.name == "padding":
            continue
        if isinstance(value, tuple):
            for each in value:
                if isinstance(each, mobility.SubPadding):
                    continue
                found += our_values(each) if hasattr(each, "encode") and not isinstance(each, str | bytes) else [each]
        elif isinstance(value, bool):
            continue
        elif isinstance(value, int | IPv4Address | IPv6Address | bytes):
            found.append(value)
    return found


def agree(mh: Any, octets: bytes, ours: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = mh(octets, len(octets)).info
    assert int(theirs.type) == octets[2]
    assert theirs.length == len(octets)
    options = [option for option in getattr(ours, "options", ()) if option]
    found = theirs.get("options", None)
    if found is not None:
        kinds = [int(kind) for kind, _ in found.items(multi=True) if int(kind) > 1]
        assert kinds == [option.TYPE for option in options]
        lengths = [each.length for kind, each in found.items(multi=True) if int(kind) > 1]
        assert lengths == [len(option.encode()) for option in options]
    values = values_in(theirs)
    for value in our_values(ours):
        assert value in values, (value, values)


@pytest.mark.parametrize("row", MESSAGE_ROWS, ids=[type(row.message).__name__ for row in MESSAGE_ROWS])
def test_pcapkit_reads_the_messages(pcapkit_mh: Any, row: MessageRow) -> None:
    options = getattr(row.message, "options", ())
    if any(option.TYPE in NOT_IN_PCAPKIT for option in options):
        with pytest.raises(Exception, match="invalid format"):
            pcapkit_mh(row.octets, len(row.octets))
        return
    agree(pcapkit_mh, row.octets, row.message)


@pytest.mark.parametrize("row", IN_PCAPKIT, ids=[type(row.option).__name__ for row in IN_PCAPKIT])
def test_pcapkit_reads_the_options(pcapkit_mh: Any, row: OptionRow) -> None:
    agree(pcapkit_mh, in_message(row.option), mobility.BindingRefreshRequest(options=(row.option,)))


def test_numbers_and_names_are_iana_s(pcapkit_mh: Any) -> None:
    """PyPCAPKit's are generated from IANA's registry."""
    from pcapkit.const.mh.option import Option
    from pcapkit.const.mh.packet import Packet
    from pcapkit.const.mh.status_code import StatusCode

    assert {int(each) for each in Packet} == set(mobility.MhType)
    assert {int(each) for each in Option} == set(mobility.OptionType)
    assert {int(each) for each in StatusCode} == set(mobility.BaStatus)
    for status in mobility.BaStatus:
        if status:
            theirs = StatusCode(int(status)).name.upper()
            assert theirs == status.name
