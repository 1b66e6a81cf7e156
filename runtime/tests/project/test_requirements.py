# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The requirement files say what pyproject.toml says, and can be installed by hash from any index."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))

_PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+))?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_BUILD_ONLY = {"setuptools", "wheel"}


def lines(path: Path) -> list[str]:
    """Requirements of a file: no comments, continued lines joined."""
    joined = path.read_text().replace("\\\n", " ")
    stripped = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return [" ".join(line.split()) for line in stripped if line]


def name_of(requirement: str) -> str:
    """The normalised name (PEP 503)."""
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def pins(path: Path) -> dict[str, str]:
    """What a lock file holds: name -> version."""
    result = {}
    for line in lines(path):
        found = _PIN.match(line)
        assert found, f"{path.name}: {line}"
        result[name_of(found["name"])] = found["version"]
    return result


def test_runtime_requirements_are_the_package_s_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        declared += extra
    build = project["build-system"]["requires"]
    listed = lines(REQUIREMENTS / "runtime.in")
    assert sorted(r for r in listed if name_of(r) not in _BUILD_ONLY) == sorted(declared)
    # The build back end is installed from the lock too: make installs the package without build isolation.
    assert {name_of(r) for r in build} <= {name_of(r) for r in listed}
    assert set(build) <= set(listed)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_has_hashes_and_no_addresses(lock: Path) -> None:
    for line in lines(lock):
        assert "://" not in line, line
        assert " @ " not in line, line
        assert not line.startswith(("-i", "--index", "--extra", "--find", "--trusted", "-e", "-r")), line
        assert _PIN.match(line), line
        assert _HASH.search(line), line
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_holds_what_its_source_asks_for(lock: Path) -> None:
    source = lock.with_suffix(".in")
    asked = {name_of(line) for line in lines(source) if not line.startswith("-r")}
    assert asked <= pins(lock).keys()


def test_every_source_is_locked() -> None:
    assert {path.stem for path in REQUIREMENTS.glob("*.in")} == {path.stem for path in LOCKS}


def test_checks_run_with_the_versions_that_users_get() -> None:
    runtime, dev = pins(REQUIREMENTS / "runtime.txt"), pins(REQUIREMENTS / "dev.txt")
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("six==1.0 \\\n    --hash=sha256:" + "0" * 64, True),
        ("six==1.0", False),
        ("six>=1.0 --hash=sha256:" + "0" * 64, False),
        ("six==1.0 --hash=sha256:" + "0" * 64 + "\n# from https://example.org", False),
        ("--index-url https://example.org", False),
    ],
)
def test_the_lock_test_can_fail(tmp_path: Path, text: str, *, is_good: bool) -> None:
    path = tmp_path / "x.txt"
    path.write_text(text)
    if is_good:
        test_lock_has_hashes_and_no_addresses(path)
    else:
        with pytest.raises(AssertionError):
            test_lock_has_hashes_and_no_addresses(path)
