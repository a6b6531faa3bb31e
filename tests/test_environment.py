"""The one list of dependencies is in pyproject.toml; whatever else names a version agrees with it."""

import pathlib
import re
import tomllib

import yaml
from packaging.requirements import Requirement

ROOT = pathlib.Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_installs_the_project_and_nothing_of_its_own():
    *conda, last = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert sorted(conda) == ["pip", f"python{PROJECT['requires-python']}"]
    extras = set(PROJECT["optional-dependencies"])
    assert last == {"pip": ["--constraint tested-versions.txt", f"--editable .[{','.join(sorted(extras))}]"]}


def test_tested_versions_lie_within_the_bounds():
    lines = [line for line in (ROOT / "tested-versions.txt").read_text().splitlines() if not line.startswith("#")]
    tested = dict(line.split("==") for line in lines)
    needed = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    for requirement in map(Requirement, needed):
        assert requirement.specifier, f"{requirement.name} has no bounds"
        assert tested[requirement.name] in requirement.specifier


def test_makefile_installs_what_environment_does_with_uv_and_with_pip():
    makefile = (ROOT / "Makefile").read_text()
    assert "\nINSTALL = install --constraint tested-versions.txt --editable '.[test]'\n" in makefile
    assert re.search(
        r"uv pip \$\(INSTALL\) --python \$\(BIN\)/python\) \|\| \$\(PIP\) \$\(INSTALL\)$", makefile, re.MULTILINE
    )
