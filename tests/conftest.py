import contextlib
import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported; two teams on two cores are ten times slower


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


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests of a process: Playwright cannot be started twice."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")
    from tools import browser as tools

    with playwright.sync_playwright() as driver:
        browser = tools.chromium(driver)
        yield browser
        browser.close()
