# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The sources of the P4 program, its constants, and p4src/compile.py, which is of no package."""

import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

from finsy.proto import p4i
from google.protobuf import text_format

SOURCES = Path(__file__).parents[3] / "p4src"
CODE = "\n".join(
    re.sub(r"/\*.*?\*/", "", re.sub(r"//[^\n]*", "", path.read_text()), flags=re.DOTALL)
    for path in sorted(SOURCES.rglob("*.p4"))
)


def _import_compile() -> ModuleType:
    spec = importlib.util.spec_from_file_location("p4src_compile", SOURCES / "compile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMPILE = _import_compile()


def read_p4info(path: Path) -> p4i.P4Info:
    return text_format.Parse(path.read_text(), p4i.P4Info())


def constants(prefix: str) -> dict[str, int]:
    """`const <type> PREFIX_NAME = value;` of the sources, without the prefix. One name or value twice fails."""
    found = re.findall(rf"\bconst\s+[\w<>]+\s+{prefix}(\w+)\s*=\s*(0x[0-9a-fA-F]+|\d+)\s*;", CODE)
    names, values = Counter(name for name, _ in found), Counter(int(value, 0) for _, value in found)
    assert max(names.values()) == 1, f"{prefix}: {names}"
    assert max(values.values()) == 1, f"{prefix}: {values}"
    return {name: int(value, 0) for name, value in found}


def paths() -> dict[str, int]:
    """The kinds of path ids, by name."""
    found = re.findall(r"\bconst\s+path_id_t\s+(\w+)\s*=\s*(0x[0-9a-fA-F]+)\s*;", CODE)
    return {name: int(value, 0) for name, value in found}
