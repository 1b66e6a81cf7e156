# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A small network file, and what is said of it with one thing changed."""

from p4dmm.config import Network, PuntRates, Switch

# Two MAARs, a core switch, one node, one correspondent: the smallest file with everything in it.
GOOD = """\
[domain]
name = "d"

[admission]
open = true

[[switch]]
name = "s1"
device_id = 1
address = "127.0.0.1:50051"
loopback = "2001:db8:0:1::1"
pool = "2001:db8:1000::/48"
ports = [{ number = 1, role = "access" }, { number = 11, role = "core" }, { number = 12, role = "core" }]

[[switch]]
name = "c1"
device_id = 2
address = "127.0.0.1:50052"
loopback = "2001:db8:0:2::1"
ports = [{ number = 1, role = "external", address = "2001:db8:f::1/64" }, { number = 11, role = "core" }]

[[link]]
ends = ["s1:11", "c1:11"]

[[node]]
name = "mn1"
mac = "02:00:5e:00:01:01"
at = "s1:1"

[[correspondent]]
name = "cn"
mac = "02:00:5e:00:02:01"
at = "c1:1"
address = "2001:db8:f::10/64"
"""

LIMITS = "[admission.uplink]\ncir = 1000\ncburst = 100\npir = 2000\npburst = 200\n"
DOMAIN_KEYS = ", ".join(sorted(Network.model_fields["domain"].annotation.model_fields))  # type: ignore[union-attr]
NETWORK_KEYS = ", ".join(sorted(field.alias or name for name, field in Network.model_fields.items()))
SWITCH_KEYS = ", ".join(sorted(Switch.model_fields))
CONTROLLED = (
    "one that this controller runs needs address and device_id of its P4Runtime service, one that another runs needs "
    "controlled = false"
)
PUNT_KEYS = ", ".join(sorted(PuntRates.model_fields))
UNKNOWN_BURST = "unknown key admission.uplink.burst; allowed: cburst, cir, pburst, pir, red, yellow (and 1 more)"
TREATMENT = 'is no treatment: "pass", "discard", or the DSCP to be marked with, 0 to 63'
ACCESS = '{ number = 1, role = "access" }'
EXTERNAL = '{ number = 2, role = "external", address = "2001:db8:e::1/64" }'
THREE = ["2001:db8:a::/64", "2001:db8:b::/64", "2001:db8:c::/64"]
GLOBAL = "is no global unicast address (RFC 4291 section 2.4)"

# id: (text of GOOD, what to put there, what is said)
EDITS: dict[str, tuple[str, str, str]] = {
    # Unknown and missing keys
    "unknown-in-domain": ('name = "d"', 'name = "d"\ndrain = 1', f"unknown key domain.drain; allowed: {DOMAIN_KEYS}"),
    "unknown-at-top": (
        "[admission]",
        "[radius]\nx = 1\n[admission]",
        f"unknown key radius; allowed: {NETWORK_KEYS}",
    ),
    "unknown-in-port": (
        ACCESS,
        '{ number = 1, role = "access", vlan = 5 }',
        "unknown key switch[0].ports[0].vlan; allowed: address, mtu, number, role",
    ),
    "unknown-in-switch": (
        "device_id = 2",
        "device_id = 2\nasic = 1",
        f"unknown key switch[1].asic; allowed: {SWITCH_KEYS}",
    ),
    "unknown-in-reference": (
        'at = "s1:1"',
        'at = { switch = "s1", port = 1, lane = 2 }',
        "unknown key node[0].at.lane; allowed: port, switch",
    ),
    "unknown-with-odd-name": (
        'name = "d"',
        'name = "d"\n"a\\nb" = 1',
        f'unknown key domain."a\\nb"; allowed: {DOMAIN_KEYS}',
    ),
    "python-name-of-a-key": (
        "[[link]]",
        "[[links]]",
        f"unknown key links; allowed: {NETWORK_KEYS}",
    ),
    "missing": ('loopback = "2001:db8:0:2::1"\n', "", "missing key switch[1].loopback"),
    "missing-two": (
        'name = "c1"\ndevice_id = 2\naddress = "127.0.0.1:50052"\nloopback = "2001:db8:0:2::1"\n',
        "",
        "missing key switch[1].name (and 1 more)",
    ),
    "no-device-id": ("device_id = 2\n", "", f"switch[1]: switch c1 has no device_id: {CONTROLLED}"),
    "no-service": ('address = "127.0.0.1:50052"\n', "", f"switch[1]: switch c1 has no address: {CONTROLLED}"),
    "missing-end": ('["s1:11", "c1:11"]', '["s1:11"]', "missing key link[0].ends[1]"),
    # Wrong types: nothing is converted in silence
    "text-for-number": (
        "device_id = 1\n",
        'device_id = "1"\n',
        "switch[0].device_id = '1': Input should be a valid integer",
    ),
    "fraction-for-number": (
        "device_id = 1\n",
        "device_id = 1.0\n",
        "switch[0].device_id = 1.0: Input should be a valid integer",
    ),
    "truth-for-number": (
        ACCESS,
        '{ number = true, role = "access" }',
        "switch[0].ports[0].number = True: Input should be a valid integer",
    ),
    "text-for-truth": ("open = true", 'open = "yes"', "admission.open = 'yes': Input should be a valid boolean"),
    "number-for-truth": ("open = true", "open = 1", "admission.open = 1: Input should be a valid boolean"),
    "number-for-text": ('name = "d"', "name = 1", "domain.name = 1: Input should be a valid string"),
    "number-for-address": (
        '"2001:db8:0:1::1"',
        "42",
        'switch[0].loopback: 42 is no address; write it as a string such as "2001:db8::1"',
    ),
    "number-for-mac": (
        '"02:00:5e:00:01:01"',
        "42",
        'node[0].mac: a MAC address is a string such as "02:00:5e:00:01:01"',
    ),
    "infinite": (
        'name = "d"',
        'name = "d"\nprobe_interval_s = inf',
        "domain.probe_interval_s = inf: Input should be a finite number",
    ),
    "no-number": ('name = "d"', 'name = "d"\ndrain_s = nan', "domain.drain_s = nan: Input should be a finite number"),
    "three-ends": (
        '["s1:11", "c1:11"]',
        '["s1:11", "c1:11", "s1:12"]',
        "link[0].ends = ['s1:11', 'c1:11', 's1:12']: Tuple should have at most 2 items after validation, not 3",
    ),
    # Values
    "role": (
        ACCESS,
        '{ number = 1, role = "acces" }',
        "switch[0].ports[0].role = 'acces': Input should be 'access', 'core' or 'external'",
    ),
    "port-0": (
        ACCESS,
        '{ number = 0, role = "access" }',
        "switch[0].ports[0].number = 0: Input should be greater than or equal to 1",
    ),
    "port-of-cpu": (
        ACCESS,
        '{ number = 510, role = "access" }',
        "switch[0].ports[0].number = 510: Input should be less than 510",
    ),
    "mtu-small": (
        ACCESS,
        '{ number = 1, role = "access", mtu = 1279 }',
        "switch[0].ports[0].mtu = 1279: Input should be greater than or equal to 1280",
    ),
    "mtu-small-for-a-tunnel": (
        '{ number = 12, role = "core" }',
        '{ number = 12, role = "core", mtu = 1319 }',
        (
            "switch[0].ports[2]: core port 12 has mtu 1319: tunnelled packets of 1280 octets need at least 1320 "
            "(RFC 8200 section 5, RFC 2473 section 7)"
        ),
    ),
    "switch-name": (
        'name = "s1"',
        'name = "s 1"',
        "switch[0].name = 's 1': String should match pattern '^[A-Za-z][A-Za-z0-9_-]{0,15}$'",
    ),
    "node-name": (
        'name = "mn1"',
        'name = "../x"',
        "node[0].name = '../x': String should match pattern '^[A-Za-z][A-Za-z0-9_-]{0,15}$'",
    ),
    "device-id": (
        "device_id = 1\n",
        "device_id = 0\n",
        "switch[0].device_id = 0: Input should be greater than or equal to 1",
    ),
    "service": (
        '"127.0.0.1:50051"',
        '"s1"',
        "switch[0].address: 's1' is no address of a P4Runtime service; write host and port, \"127.0.0.1:9559\"",
    ),
    "service-port": (
        '"127.0.0.1:50051"',
        '"h:65536"',
        "switch[0].address: 'h:65536' is no address of a P4Runtime service; write host and port, \"127.0.0.1:9559\"",
    ),
    "loopback-multicast": ('"2001:db8:0:1::1"', '"ff02::1"', f"switch[0].loopback: ff02::1 {GLOBAL}"),
    "loopback-link-local": ('"2001:db8:0:1::1"', '"fe80::1"', f"switch[0].loopback: fe80::1 {GLOBAL}"),
    "loopback-of-host": ('"2001:db8:0:1::1"', '"::1"', f"switch[0].loopback: ::1 {GLOBAL}"),
    "loopback-unspecified": ('"2001:db8:0:1::1"', '"::"', f"switch[0].loopback: :: {GLOBAL}"),
    "loopback-with-zone": ('"2001:db8:0:1::1"', '"2001:db8::1%e0"', f"switch[0].loopback: 2001:db8::1%e0 {GLOBAL}"),
    "pool-link-local": ('"2001:db8:1000::/48"', '"fe80::/48"', f"switch[0].pool: fe80::/48 {GLOBAL}"),
    "pool-everything": ('"2001:db8:1000::/48"', '"::/0"', f"switch[0].pool: ::/0 {GLOBAL}"),
    "pool-host-bits": (
        '"2001:db8:1000::/48"',
        '"2001:db8:1000::1/48"',
        "switch[0].pool = '2001:db8:1000::1/48': Input is not a valid IPv6 network",
    ),
    "pool-small": (
        '"2001:db8:1000::/48"',
        '"2001:db8:1000::/65"',
        "switch[0]: pool 2001:db8:1000::/65 of switch s1 holds no /64",
    ),
    "subnet-link-local": (
        '"2001:db8:f::1/64"',
        '"fe80::1/64"',
        f"switch[1].ports[0].address: fe80::1/64 {GLOBAL}",
    ),
    "mac-text": (
        '"02:00:5e:00:01:01"',
        '"02:00"',
        (
            "node[0].mac: MacAddress text is '02:00'; allowed: six pairs of hex digits joined by ':' or '-' "
            "(RFC 7042 s2.1)"
        ),
    ),
    "mac-group": (
        '"02:00:5e:00:01:01"',
        '"01:00:5e:00:01:01"',
        "node[0].mac: 01:00:5e:00:01:01 is no unicast MAC address (IEEE 802-2014 section 8.2)",
    ),
    "mac-zero": (
        '"02:00:5e:00:01:01"',
        '"00:00:00:00:00:00"',
        "node[0].mac: 00:00:00:00:00:00 is no unicast MAC address (IEEE 802-2014 section 8.2)",
    ),
    "valid-lifetime": (
        'name = "d"',
        'name = "d"\nvalid_lifetime_s = 4294967295',
        "domain.valid_lifetime_s = 4294967295: Input should be less than 4294967295",
    ),
    "preferred-over-valid": (
        'name = "d"',
        'name = "d"\npreferred_lifetime_s = 7201',
        "domain: preferred_lifetime_s 7201 exceeds valid_lifetime_s 7200 (RFC 4861 section 4.6.2)",
    ),
    "router-lifetime": (
        'name = "d"',
        'name = "d"\nrouter_lifetime_s = 9001',
        "domain.router_lifetime_s = 9001: Input should be less than or equal to 9000",
    ),
    "open-and-list": (
        "open = true",
        'open = true\nnodes = ["02:00:5e:00:01:01"]',
        "admission: admission is open and has a list of nodes: drop one of the two",
    ),
    # Rates and probes
    "peak-below-committed": (
        "[[switch]]",
        LIMITS.replace("2000", "999") + "[[switch]]",
        "admission.uplink: pir 999 is less than cir 1000 (RFC 2698 section 2)",
    ),
    "rate-without-burst": ("[[switch]]", LIMITS.replace("cburst", "burst") + "[[switch]]", UNKNOWN_BURST),
    "rate-of-nothing": (
        "[[switch]]",
        LIMITS.replace("1000", "0") + "[[switch]]",
        "admission.uplink.cir = 0: Input should be greater than or equal to 1",
    ),
    "treatment": ("[[switch]]", f'{LIMITS}yellow = "drop"\n[[switch]]', f"admission.uplink.yellow: 'drop' {TREATMENT}"),
    "treatment-dscp": ("[[switch]]", f"{LIMITS}red = 64\n[[switch]]", f"admission.uplink.red: 64 {TREATMENT}"),
    "treatment-truth": ("[[switch]]", f"{LIMITS}red = true\n[[switch]]", f"admission.uplink.red: True {TREATMENT}"),
    "punt-reason": (
        "[admission]",
        "[punt_rates]\nlink_probe = 1\n[admission]",
        f"unknown key punt_rates.link_probe; allowed: {PUNT_KEYS}",
    ),
    "punt-rate": (
        "[admission]",
        "[punt_rates]\nnd = 0\n[admission]",
        "punt_rates.nd = 0: Input should be greater than or equal to 1",
    ),
    "probe-interval": (
        "[admission]",
        "[link_probes]\ninterval_s = 0.001\n[admission]",
        "link_probes.interval_s = 0.001: Input should be greater than or equal to 0.01",
    ),
    "probe-losses": (
        "[admission]",
        "[link_probes]\nlosses = 0\n[admission]",
        "link_probes.losses = 0: Input should be greater than or equal to 1",
    ),
    # One object against another
    "external-without-address": (
        ', address = "2001:db8:f::1/64"',
        "",
        (
            "switch[1].ports[0]: port 1 is external: an external port needs an address such as "
            '"2001:db8:f::1/64", other ports have none'
        ),
    ),
    "access-with-address": (
        ACCESS,
        '{ number = 1, role = "access", address = "2001:db8:e::1/64" }',
        (
            'switch[0].ports[0]: port 1 is access: an external port needs an address such as "2001:db8:f::1/64", '
            "other ports have none"
        ),
    ),
    "access-without-pool": (
        'pool = "2001:db8:1000::/48"\n',
        "",
        (
            "switch s1 has access ports and no pool: a switch with access ports needs one such as "
            'pool = "2001:db8:1000::/48", others have none, unless they are mobility.lma'
        ),
    ),
    "pool-without-access": (
        "device_id = 2",
        'device_id = 2\npool = "2001:db8:2000::/48"',
        (
            "switch c1 has no access ports and pool: a switch with access ports needs one such as "
            'pool = "2001:db8:1000::/48", others have none, unless they are mobility.lma'
        ),
    ),
    "port-twice": (
        '{ number = 12, role = "core" }',
        '{ number = 11, role = "core" }',
        "switch[0]: port number of switch s1 used twice: 11",
    ),
    "name-twice": ('name = "c1"', 'name = "s1"', "switch name used twice: s1"),
    "device-id-twice": ("device_id = 2", "device_id = 1", "device_id used twice: 1"),
    "service-twice": ('"127.0.0.1:50052"', '"127.0.0.1:50051"', "address used twice: 127.0.0.1:50051"),
    "loopback-twice": ('"2001:db8:0:2::1"', '"2001:db8:0:1::1"', "loopback used twice: 2001:db8:0:1::1"),
    "router-mac-twice": ("device_id = 2", "device_id = 16777217", "router MAC used twice: 02:00:00:00:00:01"),
    "host-name-twice": ('name = "cn"', 'name = "mn1"', "host name used twice: mn1"),
    "host-mac-twice": ('"02:00:5e:00:02:01"', '"02:00:5e:00:01:01"', "host MAC used twice: 02:00:5e:00:01:01"),
    "host-mac-of-router": (
        '"02:00:5e:00:01:01"',
        '"02:00:00:00:00:02"',
        "node mn1 has the MAC address of router c1, 02:00:00:00:00:02",
    ),
    "end-twice": ('"c1:11"]', '"s1:11"]', "link end used twice: s1:11"),
    "link-to-itself": ('"c1:11"]', '"s1:12"]', "link s1:11 to s1:12 joins a switch to itself"),
    "no-such-switch": ('"c1:11"]', '"s9:11"]', "link names switch 's9'; there are s1, c1"),
    "no-such-port": ('"c1:11"]', '"c1:12"]', "link names port c1:12; core ports of c1: 11"),
    "link-at-access-port": ('["s1:11"', '["s1:1"', "link names port s1:1; core ports of s1: 11, 12"),
    "node-at-core-port": ('at = "s1:1"', 'at = "s1:11"', "node mn1 names port s1:11; access ports of s1: 1"),
    "node-at-switch-without": ('at = "s1:1"', 'at = "c1:1"', "node mn1 names port c1:1; access ports of c1: none"),
    "correspondent-at-access-port": (
        'at = "c1:1"',
        'at = "s1:1"',
        "correspondent cn names port s1:1; external ports of s1: none",
    ),
    "no-port": ('at = "s1:1"', 'at = "s1"', "node[0].at: 's1' is no port; write it as switch and number, \"s1:12\""),
    "port-in-other-digits": (
        'at = "s1:1"',
        'at = "s1:\u0661"',
        "node[0].at: 's1:\u0661' is no port; write it as switch and number, \"s1:12\"",
    ),
    "correspondent-outside": (
        '"2001:db8:f::10/64"',
        '"2001:db8:e::10/64"',
        "correspondent cn has address 2001:db8:e::10/64, port c1:1 is in 2001:db8:f::/64",
    ),
    "correspondent-prefix-length": (
        '"2001:db8:f::10/64"',
        '"2001:db8:f::10/48"',
        "correspondent cn has address 2001:db8:f::10/48, port c1:1 is in 2001:db8:f::/64",
    ),
    "correspondent-is-router": (
        '"2001:db8:f::10/64"',
        '"2001:db8:f::1/64"',
        "correspondent cn has the address of port c1:1",
    ),
    "pool-over-subnet": (
        '"2001:db8:1000::/48"',
        '"2001:db8:f::/48"',
        "subnet of c1:1 2001:db8:f::/64 overlaps pool of s1 2001:db8:f::/48",
    ),
    "local-prefixes-too-many": (
        "device_id = 1\n",
        'device_id = 1\nlocal_prefixes = ["2001:db8:a::/64", "2001:db8:b::/64", "2001:db8:c::/64"]\n',
        f"switch[0].local_prefixes = {THREE}: Tuple should have at most 2 items after validation, not 3",
    ),
    "local-prefix-multicast": (
        "device_id = 1\n",
        'device_id = 1\nlocal_prefixes = ["ff0e::/64"]\n',
        f"switch[0].local_prefixes[0]: ff0e::/64 {GLOBAL}",
    ),
    "local-prefix-twice": (
        "device_id = 1\n",
        'device_id = 1\nlocal_prefixes = ["2001:db8:a::/64", "2001:db8:a::/64"]\n',
        "switch[0]: local prefix of switch s1 used twice: 2001:db8:a::/64",
    ),
    "local-prefix-behind-no-port": (
        "device_id = 1\n",
        'device_id = 1\nlocal_prefixes = ["2001:db8:f::/64"]\n',
        "switch[0]: local prefix 2001:db8:f::/64 of switch s1 is in no subnet of its external ports: none",
    ),
    "local-prefix-larger-than-subnet": (
        f"ports = [{ACCESS}",
        f'local_prefixes = ["2001:db8:e::/63"]\nports = [{EXTERNAL}, {ACCESS}',
        "switch[0]: local prefix 2001:db8:e::/63 of switch s1 is in no subnet of its external ports: 2001:db8:e::/64",
    ),
    "local-prefix-where-no-node-comes": (
        "device_id = 2\n",
        'device_id = 2\nlocal_prefixes = ["2001:db8:f::/64"]\n',
        "switch[1]: switch c1 has local_prefixes and no access ports: only nodes that have been there are told",
    ),
    "loopback-in-pool": (
        '"2001:db8:0:2::1"',
        '"2001:db8:1000::1"',
        "loopback of c1 2001:db8:1000::1/128 overlaps pool of s1 2001:db8:1000::/48",
    ),
}
