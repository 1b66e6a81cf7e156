# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A switch of the lab as a process: the embedded one, or BMv2, with the same flags."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from p4dmm.config import CPU_PORT, Switch

from .errors import LabError
from .processes import LoggedProcess

Target = Literal["embedded", "bmv2"]

_BMV2 = "simple_switch_grpc"
_EMBEDDED = (sys.executable, "-c", "from p4dmm.cli.main import app; app(prog_name='p4dmm')", "switch")


def require_target(target: Target) -> None:
    """LabError where the target is not installed."""
    if target == "bmv2" and not shutil.which(_BMV2):
        raise LabError(f"{_BMV2} is not on PATH: install BMv2, or use --target embedded")


def switch_process(switch: Switch, interfaces: Mapping[int, str], target: Target, log: Path) -> LoggedProcess:
    """Return the process, not started; ``interfaces`` by port number. The controller brings the program."""
    program = [_BMV2, "--log-console", "-L", "warn"] if target == "bmv2" else list(_EMBEDDED)
    ports = [word for number, name in interfaces.items() for word in ("-i", f"{number}@{name}")]
    address, device_id = switch.p4runtime
    command = [
        *program,
        *ports,
        *("--device-id", str(device_id), "--no-p4", "--"),
        *("--grpc-server-addr", address, "--cpu-port", str(CPU_PORT)),
    ]
    return LoggedProcess(f"switch {switch.name}", command, log)
