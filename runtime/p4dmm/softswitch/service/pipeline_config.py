# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which configuration runs, and which one Read and Write speak of (spec: "SetForwardingPipelineConfig RPC")."""

from finsy.proto import p4r, rpc_code

from p4dmm.softswitch.service.carry_over import carry_over
from p4dmm.softswitch.service.config import ForwardingConfig
from p4dmm.softswitch.service.device import SwitchDevice
from p4dmm.softswitch.service.errors import P4RuntimeError, invalid, not_found
from p4dmm.softswitch.service.reader import EntityReader
from p4dmm.softswitch.service.writer import EntityWriter

Request = p4r.SetForwardingPipelineConfigRequest
GetRequest = p4r.GetForwardingPipelineConfigRequest


class PipelineConfigs:
    """The committed configuration and the saved one, which is a complete pipeline that sees no packets yet.

    After VERIFY_AND_SAVE, reads and writes go to the saved pipeline; COMMIT lets the packets in. So the writes are
    there at once, which is what the spec calls replaying them. Every other commit drops a saved configuration.
    """

    def __init__(self, device: SwitchDevice) -> None:
        self._device = device
        self.running: ForwardingConfig | None = None
        self._saved: ForwardingConfig | None = None
        self._writer: EntityWriter | None = None
        self._reader: EntityReader | None = None

    @property
    def writer(self) -> EntityWriter:
        if self._writer is None:
            raise _missing()
        return self._writer

    @property
    def reader(self) -> EntityReader:
        if self._reader is None:
            raise _missing()
        return self._reader

    def set(self, action: Request.Action.ValueType, message: p4r.ForwardingPipelineConfig | None) -> None:
        """Do what the action asks, or raise P4RuntimeError and change nothing."""
        if action == Request.COMMIT:
            if message is not None:
                raise invalid("config is set, allowed with COMMIT is none: it commits the saved one")
            if self._saved is None:
                raise not_found("there is no saved config to commit; VERIFY_AND_SAVE comes first")
            self._commit(self._saved)
            return
        if action not in (
            Request.VERIFY,
            Request.VERIFY_AND_SAVE,
            Request.VERIFY_AND_COMMIT,
            Request.RECONCILE_AND_COMMIT,
        ):
            allowed = "VERIFY, VERIFY_AND_SAVE, VERIFY_AND_COMMIT, COMMIT, RECONCILE_AND_COMMIT"
            raise invalid(f"action {action}, allowed are {allowed}")
        if message is None:
            raise invalid("config is unset, this action needs one")
        config = ForwardingConfig(message)
        if action == Request.VERIFY_AND_SAVE:
            self._saved = config
            self._speak_of(config)
        elif action == Request.VERIFY_AND_COMMIT:
            self._commit(config)
        elif action == Request.RECONCILE_AND_COMMIT:
            if self.running is not None:
                carry_over(self.running, config, self._device.clock())
            self._commit(config)

    def get(self, kind: GetRequest.ResponseType.ValueType) -> p4r.GetForwardingPipelineConfigResponse:
        """The configuration Read and Write speak of (spec: "GetForwardingPipelineConfig RPC")."""
        response = p4r.GetForwardingPipelineConfigResponse()
        config = self._saved or self.running
        if config is None:
            return response
        if kind not in (
            GetRequest.ALL,
            GetRequest.COOKIE_ONLY,
            GetRequest.P4INFO_AND_COOKIE,
            GetRequest.DEVICE_CONFIG_AND_COOKIE,
        ):
            raise invalid(f"response type {kind}, allowed are {', '.join(GetRequest.ResponseType.keys())}")
        response.config.SetInParent()
        if config.message.HasField("cookie"):
            response.config.cookie.CopyFrom(config.message.cookie)
        if kind in (GetRequest.ALL, GetRequest.P4INFO_AND_COOKIE):
            response.config.p4info.CopyFrom(config.p4info)
        if kind in (GetRequest.ALL, GetRequest.DEVICE_CONFIG_AND_COOKIE):
            response.config.p4_device_config = config.message.p4_device_config
        return response

    def _commit(self, config: ForwardingConfig) -> None:
        self.running, self._saved = config, None
        self._device.pipeline = config.pipeline
        self._speak_of(config)

    def _speak_of(self, config: ForwardingConfig) -> None:
        self._writer = EntityWriter(config, self._device.clock)
        self._reader = EntityReader(config, self._device.clock)


def _missing() -> P4RuntimeError:
    text = "no forwarding pipeline config is set; SetForwardingPipelineConfig comes first"
    return P4RuntimeError(rpc_code.FAILED_PRECONDITION, text)
