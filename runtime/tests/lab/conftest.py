# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Tests marked netns run in a network namespace of their own, each in a pytest of its own."""

import subprocess
import sys

import pytest

from p4dmm.lab import namespaces

_TIMEOUT_S = 120


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.get_closest_marker("netns") is None or namespaces.inside():
        return None
    if reason := namespaces.unavailable():
        pytest.skip(reason)
    argv = namespaces.command([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", pyfuncitem.nodeid])
    done = subprocess.run(
        argv, cwd=pyfuncitem.config.rootpath, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        pytest.fail(f"in its namespace:\n{done.stdout}{done.stderr}", pytrace=False)
    return True
