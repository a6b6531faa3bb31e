"""The one list of dependencies is in pyproject.toml; whatever else names a version agrees with it."""

import json
import pathlib
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = pathlib.Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_installs_the_project_and_nothing_of_its_own():
    *conda, last = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip, python = sorted(conda)
    version = re.fullmatch(r"python=(\d+\.\d+)", python)  # of other forms repo2docker, and so Binder, takes its own
    assert pip == "pip" and version[1] in SpecifierSet(PROJECT["requires-python"])
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


def test_the_container_has_a_right_python_and_sets_itself_up_by_the_makefile():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["image"].rpartition(":")[2] in SpecifierSet(PROJECT["requires-python"])
    program, target, *variables = container["postCreateCommand"].split()
    makefile = (ROOT / "Makefile").read_text()
    assert program == "make" and f"\n{target}:" in makefile
    assert all(f"$({variable.partition('=')[0]})" in makefile for variable in variables)


ADDRESS = "https://github.com/somebody/rnn-course"


@pytest.mark.parametrize("written", [ADDRESS, f"{ADDRESS}/", f"{ADDRESS}.git"])
def test_an_address_in_one_place_brings_the_links_and_colabs_first_cell(written, monkeypatch):
    site = pytest.importorskip("tools.site", reason="needs Sphinx: the test extra")
    monkeypatch.setitem(site.PROJECT, "urls", {"Repository": written})
    said = site.run_it("05_lstm_gru")
    assert "https://colab.research.google.com/github/somebody/rnn-course/blob/main/notebooks/05_lstm_gru.ipynb" in said
    assert "https://mybinder.org/v2/gh/somebody/rnn-course/main?labpath=notebooks/05_lstm_gru.ipynb" in said
    install = re.search(r'^%pip install --quiet "(.+)"$', said, re.MULTILINE)
    requirement = Requirement(install[1])
    assert requirement.name == PROJECT["name"] and requirement.url == f"git+{ADDRESS}"


def test_without_an_address_no_link_leads_nowhere(monkeypatch):
    site = pytest.importorskip("tools.site", reason="needs Sphinx: the test extra")
    monkeypatch.setitem(site.PROJECT, "urls", {})
    said = site.run_it("05_lstm_gru")
    assert "make lab" in said and "http" not in said


def test_what_lessons_read_travels_with_an_installation():
    """Colab installs no checkout: the stored results and the drawings come where Jupyter's data lie."""
    shared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {file: place for file, place in shared["shared-data"].items() if (ROOT / file).is_dir()}
    assert places == {"img": "share/jupyter/rnnlab/img", "benchmarks/results": "share/jupyter/rnnlab/results"}
