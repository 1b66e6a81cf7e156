# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The floors of the design: a package imports itself and what lies below, and the lower floors know no clock, no
network and no chance."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "p4dmm"

FLOORS = {
    "wire": 0,
    # Data objects that forwarding is computed from; reading the file is the only thing it does beyond that.
    "config": 1,
    "mobility": 1,
    "forwarding": 2,
    "softswitch": 2,
    "switches": 3,
    "store": 3,
    "softswitch.service": 4,
    "controller": 4,
    "lab": 4,
    "api": 5,
    "cli": 5,
}

SAME_FLOOR = {
    ("lab", "softswitch.service"): "the laboratory without privileges runs the switches in its own process",
}

# A tower of its own: it could be taken out of the project.
ONLY = {
    "softswitch": set[str](),
    "softswitch.service": {"softswitch"},
}

PURE_BELOW = 3
IMPURE = {
    "asyncio",
    "datetime",
    "grpc",
    "importlib",
    "multiprocessing",
    "random",
    "secrets",
    "select",
    "selectors",
    "socket",
    "subprocess",
    "threading",
    "time",
    "uuid",
}


def package_of(parts: tuple[str, ...]) -> str:
    """The row of FLOORS for a path of names below p4dmm, the longest that fits."""
    if not parts:
        return ""
    return "softswitch.service" if parts[:2] == ("softswitch", "service") else parts[0]


def imported_names(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything a module imports, wherever in it; `from x import y` gives x.y."""
    here = ("p4dmm", *path.relative_to(root).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"
        elif isinstance(node, ast.Name) and node.id == "__import__":
            yield node.lineno, "importlib"


def violations(root: Path) -> list[str]:
    """What in the tree is against the floors, one line each."""
    found = []
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parent.parts
        own = package_of(parts)
        where = path.relative_to(root)
        if own and own not in FLOORS:
            found.append(f"{where}: package {own} has no floor")
            continue
        for line, name in imported_names(path, root):
            problem = _problem(own, tuple(name.split(".")))
            if problem:
                found.append(f"{where}:{line}: {problem}")
    return found


def _problem(own: str, name: tuple[str, ...]) -> str | None:
    if name[0] != "p4dmm":
        if own and FLOORS[own] < PURE_BELOW and name[0] in IMPURE:
            return f"{own} is on floor {FLOORS[own]} and imports {name[0]}"
        return None
    other = package_of(name[1:])
    if other in (own, ""):
        return None
    if not own:
        return f"p4dmm itself imports {other}"
    if other not in FLOORS:
        return None if other.startswith("__") else f"{own} imports {other}, which has no floor"
    if (own, other) in SAME_FLOOR:
        return None
    if own in ONLY and other not in ONLY[own]:
        return f"{own} may import {', '.join(sorted(ONLY[own])) or 'nothing'} of p4dmm, and imports {other}"
    if FLOORS[other] >= FLOORS[own]:
        return f"{own} is on floor {FLOORS[own]} and imports {other} of floor {FLOORS[other]}"
    return None


def test_every_import_goes_down() -> None:
    assert violations(PACKAGE) == []


def test_exceptions_are_in_use() -> None:
    """An exception nobody needs any more would let something else through."""
    used = set()
    for path in PACKAGE.rglob("*.py"):
        own = package_of(path.relative_to(PACKAGE).parent.parts)
        for _, name in imported_names(path, PACKAGE):
            parts = tuple(name.split("."))
            if parts[0] == "p4dmm":
                used.add((own, package_of(parts[1:])))
    assert used >= set(SAME_FLOOR)
    for own, other in SAME_FLOOR:
        assert FLOORS[own] == FLOORS[other]


WRONG = [
    pytest.param("wire/a.py", "from p4dmm.mobility import step", "wire is on floor 0 and imports mobility", id="up"),
    pytest.param("config/a.py", "import p4dmm.mobility", "config is on floor 1 and imports mobility", id="beside"),
    pytest.param(
        "mobility/a.py", "def f():\n    import time", "a.py:2: mobility is on floor 1 and imports time", id="clock"
    ),
    pytest.param("wire/a.py", "from time import sleep as f", "imports time", id="renamed"),
    pytest.param("forwarding/a.py", "import asyncio.events", "forwarding is on floor 2 and imports asyncio", id="loop"),
    pytest.param(
        "forwarding/a.py", "x = __import__('random')", "forwarding is on floor 2 and imports importlib", id="dyn"
    ),
    pytest.param(
        "mobility/a.py", "from ..forwarding import diff", "mobility is on floor 1 and imports forwarding", id="rel"
    ),
    pytest.param(
        "mobility/a.py", "from .. import switches", "mobility is on floor 1 and imports switches", id="rel-pkg"
    ),
    pytest.param("mobility/x/a.py", "from ...cli import main", "mobility is on floor 1 and imports cli", id="deep"),
    pytest.param("softswitch/a.py", "from p4dmm.wire import f", "softswitch may import nothing of p4dmm", id="tower"),
    pytest.param("softswitch/a.py", "from .service import f", "imports softswitch.service", id="tower-up"),
    pytest.param("softswitch/service/a.py", "from p4dmm.switches import f", "may import softswitch of p4dmm", id="top"),
    pytest.param(
        "controller/a.py", "from p4dmm.softswitch import ir\nfrom p4dmm.lab import x", "imports lab", id="lab"
    ),
    pytest.param(
        "controller/a.py", "from p4dmm.softswitch.service import x", "imports softswitch.service", id="service"
    ),
    pytest.param(
        "lab/a.py", "from p4dmm.controller import x", "lab is on floor 4 and imports controller", id="lab-ctl"
    ),
    pytest.param(
        "lab/a.py", "if TYPE_CHECKING:\n    from p4dmm.cli import x", "lab is on floor 4 and imports cli", id="typing"
    ),
    pytest.param("plugins/a.py", "", "package plugins has no floor", id="no-floor"),
    pytest.param("cli/a.py", "import p4dmm.plugins", "plugins, which has no floor", id="to-no-floor"),
    pytest.param("__init__.py", "from p4dmm import wire", "p4dmm itself imports wire", id="top-level"),
]


@pytest.mark.parametrize(("path", "source", "expected"), WRONG)
def test_a_wrong_import_is_found(tmp_path: Path, path: str, source: str, expected: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    (found,) = violations(tmp_path)
    assert expected in found


RIGHT = [
    ("forwarding/a.py", "from p4dmm.mobility import step\nfrom p4dmm.config import Port\nfrom .plan import diff"),
    ("switches/a.py", "import asyncio, time\nfrom p4dmm import forwarding"),
    ("softswitch/service/a.py", "import grpc\nfrom ..pipeline import Pipeline\nfrom p4dmm.softswitch import ir"),
    ("lab/a.py", "from p4dmm.softswitch.service import SwitchServer\nfrom p4dmm.softswitch.pipeline import load"),
    ("mobility/a.py", "from timeit_like import time\nfrom . import bce"),
    ("cli/a.py", "from p4dmm import __version__"),
]


@pytest.mark.parametrize(("path", "source"), RIGHT)
def test_a_right_import_is_left_alone(tmp_path: Path, path: str, source: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    assert violations(tmp_path) == []
