# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A coverage-guided fuzz target: python fuzz_mobility.py CORPUS -max_total_time=600 (libFuzzer's options).

Whatever the octets, decoding returns or raises MobilityError, and what it returns encodes to the same octets. The
checksum is left out, since no fuzzer finds it; the first octet is put right so that the rest is reached.
"""

import sys

import atheris

with atheris.instrument_imports():
    from p4dmm.wire import mobility


def one_input(data: bytes) -> None:
    """Check one input."""
    octets = b"\x3b" + data[1:]
    try:
        message = mobility.decode_mobility(octets, None, None)
    except mobility.MobilityError:
        return
    written = mobility.encode_mobility(message, None, None)
    # The checksum is written as zero.
    expected = octets[:4] + b"\0\0" + octets[6 : len(written)]
    if written != expected:
        raise AssertionError(f"{octets.hex()} became {written.hex()}")
    if mobility.decode_mobility(written, None, None) != message:
        raise AssertionError(f"{octets.hex()} read twice is not the same")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
