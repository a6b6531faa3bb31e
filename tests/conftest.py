import contextlib
import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported; two teams on two cores are ten times slower
CHECKPOINTS = tempfile.TemporaryDirectory()  # of this process: no test meets the runs of the user, or of another test
os.environ["RNNLAB_CHECKPOINTS"] = CHECKPOINTS.name


@pytest.fixture
def read_only_folder():
    """An empty folder that nobody here may write to, not even root: meanwhile root is an ordinary user."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)
            os.chmod(folder, 0o755)


@pytest.fixture
def full_disk():
    """A context in which no file grows beyond so many bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="needs Unix")

    @contextlib.contextmanager
    def limit(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


LONG = "browser site slides jupyter attempts bad_inputs slips planted_faults restarted_kernel".split()


def turn(item):
    """When the file of a test is run: the longest first, then the lessons, and the many short ones fill the end."""
    return 0 if item.path.stem in {f"test_{name}" for name in LONG} else 1 if item.path.suffix == ".ipynb" else 2


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items):
    """Files in turn, so that no worker ends with a long one while the other has none; tests with a browser marked."""
    items.sort(key=turn)
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


def pytest_terminal_summary(terminalreporter):
    """What tests measured, under one heading at the end; it comes through from every process that ran some of them."""
    reports = [report for kind in ("passed", "failed", "error", "") for report in terminalreporter.stats.get(kind, [])]
    lines = {text for report in reports for name, text in getattr(report, "user_properties", []) if name == "measured"}
    if lines:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(sorted(lines)))


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests of a process: Playwright cannot be started twice."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")
    from tools import browser as tools

    if tools.CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium, or your system's way")
    with playwright.sync_playwright() as driver:
        browser = tools.chromium(driver)
        yield browser
        browser.close()


@pytest.fixture
def open_explorer(chromium, tmp_path):
    """A function that opens a page with an explorer and gives its root; no word on it may have run as a script."""
    pages = []

    def open_explorer(body):
        file = tmp_path / "page.html"
        file.write_text(f"<!doctype html><meta charset='utf-8'><title>page</title>{body}", "utf-8")
        pages.append(chromium.new_page())
        pages[-1].goto(file.as_uri())
        root = pages[-1].locator(".rnnlab").first
        root.wait_for()
        return root

    yield open_explorer
    for page in pages:
        assert page.evaluate("window.broken") is None
        page.close()
