# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The commands of the documents exist, with the options and the files that they name."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from p4dmm.cli.main import app

ROOT = Path(__file__).parents[3]
DOCUMENTS = ("README.md", "docs/mobility.md", "docs/performance.md")
COMMANDS = [
    pytest.param(shlex.split(line, comments=True), id=line.partition(" #")[0].strip())
    for document in DOCUMENTS
    for line in (ROOT / document).read_text().splitlines()
    if re.match(r"\s*(make|\.venv/bin/\w+) ", line)
]


@pytest.mark.parametrize("words", COMMANDS)
def test_command_exists(words: list[str]) -> None:
    program, *arguments = words
    match program:
        case "make":
            _exists_in_makefile(arguments)
        case ".venv/bin/p4dmm":
            _is_of_p4dmm(arguments)
        case ".venv/bin/python":
            _is_of_script(arguments)
        case _:
            pytest.fail(f"no check for {program}")
    for word in arguments:
        if word.startswith("topo/"):
            assert (ROOT / word).is_file()


def test_the_documents_have_commands() -> None:
    programs = {parameter.values[0][0] for parameter in COMMANDS}
    assert programs == {"make", ".venv/bin/p4dmm", ".venv/bin/python"}


def test_checking_the_network_file_of_the_readme() -> None:
    (words,) = (parameter.values[0] for parameter in COMMANDS if "--check" in parameter.values[0])
    network = words[words.index("--config") + 1]
    done = CliRunner().invoke(app, [str(ROOT / word) if word == network else word for word in words[1:]])
    assert done.exit_code == 0, done.output
    assert "usable" in done.output


def _exists_in_makefile(arguments: list[str]) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not on PATH")
    # Asked for with -n, so that nothing is done.
    done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _is_of_p4dmm(arguments: list[str]) -> None:
    command = get_command(app)
    while arguments and arguments[0] in getattr(command, "commands", {}):
        command, arguments = command.commands[arguments[0]], arguments[1:]  # type: ignore[attr-defined]
    assert not hasattr(command, "commands"), f"not a command: {arguments}"
    known = {option for parameter in command.params for option in parameter.opts}
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    assert {word for word in own if word.startswith("-")} <= known


def _is_of_script(arguments: list[str]) -> None:
    script, *options = arguments
    done = subprocess.run(
        [sys.executable, ROOT / script, "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert {word for word in options if word.startswith("-")} <= set(re.findall(r"--\w+", done.stdout))
