# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A network of one's own: as root a network namespace, otherwise one inside a user namespace.

The whole lab runs inside, so nothing of the machine's network is touched, and everything is gone with the last process.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from .errors import LabError

_INSIDE = "P4DMM_LAB_NAMESPACE"


def inside() -> bool:
    """Whether this process was started by :func:`enter`, or by a command of :func:`command`."""
    return bool(os.environ.get(_INSIDE))


def command(argv: Sequence[str]) -> list[str]:
    """Return a command that runs ``argv`` in a network namespace of its own, as (what looks like) root."""
    namespaces = ["--net"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--net"]
    return ["unshare", *namespaces, "--", "env", f"{_INSIDE}=1", *argv]


def unavailable() -> str | None:
    """Return why there can be no namespaces here, in one line with a remedy; None if there can."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    for program in ("unshare", "nsenter"):
        if not shutil.which(program):
            return f"{program} is not installed: install util-linux"
    probe = [sys.executable, "-c", _PROBE]
    tried = subprocess.run(command(probe), capture_output=True, text=True, timeout=20, check=False)
    if tried.returncode == 0:
        return None
    words = (tried.stderr.strip() or f"status {tried.returncode}").splitlines()[-1]
    return f"no network namespace for this user ({words}): run as root, or allow unprivileged user namespaces"


# Containers may let a process have a namespace and yet not its sysctls, or have no veth or bridge module.
_PROBE = """
from pathlib import Path
from pyroute2 import IPRoute
Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
with IPRoute() as ip:
    ip.link("add", ifname="probe0", kind="bridge")
    ip.link("add", ifname="probe1", kind="veth", peer={"ifname": "probe2"})
"""


def enter() -> None:
    """Run this very command again inside; does not return. LabError where that is impossible."""
    if reason := unavailable():
        raise LabError(reason)
    argv = command([sys.executable, *sys.orig_argv[1:]])
    os.execvp(argv[0], argv)  # noqa: S606 no shell is wanted
