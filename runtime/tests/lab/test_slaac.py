# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
from ipaddress import IPv6Address

import pytest

from p4dmm.lab.slaac import Slaac
from p4dmm.wire import MacAddress
from p4dmm.wire.nd import RouterAdvertisement
from p4dmm.wire.nd_options import PrefixInformation

MAC = MacAddress.parse("02:00:5e:00:01:01")
ROUTER, OTHER = IPv6Address("fe80::1"), IPv6Address("fe80::2")
ADDRESS = IPv6Address("2001:db8:1::5eff:fe00:101")


def ra(valid=3600, preferred=1800, lifetime=1800, prefix="2001:db8:1::", length=64, autonomous=True):
    option = PrefixInformation(IPv6Address(prefix), length, valid, preferred, autonomous=autonomous)
    return RouterAdvertisement(router_lifetime=lifetime, options=(option,))


def test_an_address_is_made_of_prefix_and_eui_64():
    slaac = Slaac(MAC)
    assert slaac.hear(ra(), ROUTER, 0) == (ADDRESS,)
    assert slaac.hear(ra(), ROUTER, 1) == ()
    (address,) = slaac.addresses(2)
    assert address.address == ADDRESS
    assert address.preferred


@pytest.mark.parametrize(
    "useless",
    [{"length": 48}, {"autonomous": False}, {"prefix": "fe80::"}, {"valid": 0, "preferred": 0}, {"preferred": 3601}],
)
def test_what_makes_no_address(useless):
    slaac = Slaac(MAC)
    assert slaac.hear(ra(**useless), ROUTER, 0) == ()
    assert slaac.addresses(0) == ()


def test_deprecated_at_once_and_gone_in_the_end():
    slaac = Slaac(MAC)
    slaac.hear(ra(), ROUTER, 0)
    slaac.hear(ra(preferred=0), ROUTER, 10)
    (address,) = slaac.addresses(10)
    assert address.deprecated
    assert not address.preferred
    assert slaac.addresses(3611) == ()


@pytest.mark.parametrize(
    ("first", "then", "left"),
    [
        (3600, 60, 3600),  # shorter, and what remains is below two hours: ignored
        (10000, 60, 7200),  # shorter, and more remains: cut to two hours
        (3600, 5000, 5000),  # longer: taken
        (10000, 8000, 8000),  # above two hours: taken
    ],
)
def test_the_two_hours_rule(first, then, left):
    slaac = Slaac(MAC)
    slaac.hear(ra(valid=first, preferred=1), ROUTER, 0)
    slaac.hear(ra(valid=then, preferred=1), ROUTER, 0)
    assert len(slaac.addresses(left - 1)) == 1
    assert len(slaac.addresses(left)) == 0


def test_the_router_heard_last_is_the_default():
    slaac = Slaac(MAC)
    assert slaac.router(0) is None
    slaac.hear(ra(), ROUTER, 0)
    slaac.hear(ra(lifetime=100), OTHER, 0)
    assert slaac.router(50) == OTHER
    assert slaac.router(100) == ROUTER
    slaac.hear(ra(lifetime=0), ROUTER, 100)
    assert slaac.router(101) is None
