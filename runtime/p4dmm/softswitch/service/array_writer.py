# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Writes to the cells of counters and meters (spec: "CounterEntry", "MeterEntry")."""

from collections.abc import Callable

from finsy.proto import p4i, p4r, rpc_code

from p4dmm.softswitch.meters import MeterConfig
from p4dmm.softswitch.service.config import BoundMeter, ForwardingConfig
from p4dmm.softswitch.service.errors import P4RuntimeError, invalid, unimplemented


class ArrayWriter:
    """Applies updates of counters and meters, of one cell or of all, to one configuration."""

    def __init__(self, config: ForwardingConfig, clock: Callable[[], int]) -> None:
        self._config = config
        self._clock = clock

    def counter(self, kind: int, entity: p4r.Entity) -> None:
        """MODIFY of a counter."""
        message = entity.counter_entry
        counter = self._config.counter(message.counter_id)
        if kind != p4r.Update.MODIFY:
            raise invalid(f'counter {counter.name}: allowed is MODIFY only (spec: "CounterEntry")')
        indices = counter_indices(message, counter.name, counter.size)
        if message.HasField("data"):
            packets, octets = counter_values(message.data, f"counter {counter.name}")
            for index in indices:
                counter.write(index, packets, octets)

    def meter(self, kind: int, entity: p4r.Entity) -> None:
        """MODIFY of a meter; without a config it marks everything green again."""
        message = entity.meter_entry
        meter = self._config.meter(message.meter_id)
        if kind != p4r.Update.MODIFY:
            raise invalid(f'{meter.label}: allowed is MODIFY only (spec: "MeterEntry")')
        check_meter_counters(message)
        indices = meter_indices(message, meter)
        config = _meter_config(message.config, meter) if message.HasField("config") else None
        now = self._clock()
        for index in indices:
            meter.array.configure(index, config, now)


def counter_values(data: p4r.CounterData, what: str) -> tuple[int, int]:
    """Packets and bytes."""
    if data.packet_count < 0 or data.byte_count < 0:
        raise invalid(
            f"{what}: counter data {data.packet_count} packets, {data.byte_count} bytes, allowed are 0 and more"
        )
    return data.packet_count, data.byte_count


def _meter_config(config: p4r.MeterConfig, meter: BoundMeter) -> MeterConfig:
    """The rates and bursts of a message (spec: "MeterEntry & DirectMeterEntry")."""
    for name in ("cir", "cburst", "pir", "pburst", "eburst"):
        value = getattr(config, name)
        if value < 0:
            raise invalid(f"{meter.label}: {name} {value}, allowed are 0 and more")
    kind = p4i.MeterSpec.Type.Name(meter.type)
    if config.eburst:
        if meter.type == p4i.MeterSpec.SINGLE_RATE_THREE_COLOR:
            raise unimplemented(f"{meter.label}: eburst {config.eburst}, the excess burst of RFC 2697 is not supported")
        raise invalid(f'{meter.label}: eburst {config.eburst}, allowed is 0 in a {kind} meter (spec: "MeterEntry")')
    if meter.type != p4i.MeterSpec.TWO_RATE_THREE_COLOR and (config.cir, config.cburst) != (config.pir, config.pburst):
        raise invalid(
            f"{meter.label}: cir {config.cir}, cburst {config.cburst}, pir {config.pir}, pburst {config.pburst}: "
            f'in a {kind} meter pir must be cir and pburst must be cburst (spec: "MeterEntry")'
        )
    if config.cir > config.pir:
        raise invalid(f"{meter.label}: cir {config.cir} is above pir {config.pir} (RFC 2698, section 2)")
    return MeterConfig(config.cir, config.cburst, config.pir, config.pburst)


def check_meter_counters(message: p4r.MeterEntry) -> None:
    if message.HasField("counter_data"):
        raise unimplemented("meter_entry: counter_data is set, but meters do not count by colour")


def counter_indices(message: p4r.CounterEntry, name: str, size: int) -> range:
    """The cell that the message names, or all."""
    return (
        _indices(message.index, f"counter {name}", size, "CounterEntry") if message.HasField("index") else range(size)
    )


def meter_indices(message: p4r.MeterEntry, meter: BoundMeter) -> range:
    """The meter that the message names, or all."""
    size = meter.array.size
    return _indices(message.index, meter.label, size, "MeterEntry") if message.HasField("index") else range(size)


def _indices(message: p4r.Index, what: str, size: int, section: str) -> range:
    index = message.index
    if 0 <= index < size:
        return range(index, index + 1)
    code = rpc_code.INVALID_ARGUMENT if index < 0 else rpc_code.OUT_OF_RANGE
    raise P4RuntimeError(code, f'{what}: index {index}, allowed are 0 to {size - 1} (spec: "{section}")')
