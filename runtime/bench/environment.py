# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a measurement was made on."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

from figures import table
from switches import BMV2, bmv2_installed

ROOT = Path(__file__).parents[2]


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, cwd=ROOT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def when() -> str:
    """The date, the commit and how busy the machine was: what changes from one measurement to the next."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    commit = _output("git", "rev-parse", "--short", "HEAD") or "unknown"
    changed = " with local changes" if _output("git", "status", "--porcelain", "--", "runtime", "p4src") else ""
    return f"{date}, commit {commit}{changed}, load average at its start {os.getloadavg()[0]:.2f}"


def machine() -> str:
    """A table of what stays."""
    version = _output(BMV2, "--version").splitlines()[-1:] if bmv2_installed() else []
    rows = (
        ("processor", _processor()),
        ("cores", str(len(os.sched_getaffinity(0)))),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("BMv2", version[0] if version else "not installed"),
    )
    return table(("", ""), rows).replace("---:", "---")
