# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Tests marked netns run in a network namespace of their own: a whole module in one pytest inside of it."""

import faulthandler
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache

import pytest
import structlog

from p4dmm.lab import namespaces

_TIMEOUT_S = 3600 if os.environ.get("P4DMM_SOAK") else 300

_EXIT_LIMIT_S = 120

unavailable = cache(namespaces.unavailable)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    """A run that is over but does not end says where it stands and fails, instead of waiting for whoever started it."""
    faulthandler.dump_traceback_later(_EXIT_LIMIT_S, exit=True, file=sys.__stderr__)


@pytest.fixture(autouse=True)
def _logs_of_a_command_end_with_it():
    """A command run within a test logs to a stream that is closed after it."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.get_closest_marker("netns") is None or namespaces.inside():
        return None
    if reason := unavailable():
        pytest.skip(reason)
    session = pyfuncitem.session
    chosen = [
        item.nodeid for item in session.items if item.path == pyfuncitem.path and item.get_closest_marker("netns")
    ]
    outcomes = _run_inside(tuple(chosen), pyfuncitem.config)
    outcome = outcomes.get(pyfuncitem.name, f"did not run: {outcomes}")
    if outcome:
        pytest.fail(f"in its namespace: {outcome}", pytrace=False)
    return True


@cache
def _run_inside(nodeids, config):
    """Return what went wrong with each test, by its name; an empty text is success."""
    report = config._tmp_path_factory.mktemp("netns") / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    argv = namespaces.command([sys.executable, "-m", "pytest", *options, *nodeids])
    try:
        done = subprocess.run(
            argv, cwd=config.rootpath, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        return {"": f"no end after {_TIMEOUT_S} s: {error.output}"}
    if not report.exists():
        return {"": done.stdout + done.stderr}
    return {
        case.get("name"): "".join(bad.text or bad.get("message", "") for bad in case)
        for case in ET.parse(report).iter("testcase")
    }
