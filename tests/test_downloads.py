"""Fetching from a server that serves whole, cut short, corrupt, slow, refusing: a whole file or one sentence."""

import contextlib
import hashlib
import http.server
import threading
import time

import pytest

from rnnlab.datasets import downloads
from rnnlab.datasets.downloads import DataError, DataFile, locate

WHOLE = bytes(range(256)) * 400
FILE = DataFile("set/raw/rows.gz", len(WHOLE), hashlib.sha256(WHOLE).hexdigest())


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the file in the way the first part of the address names."""

    def do_GET(self):
        way = self.path.split("/")[1]
        self.server.asked.append(self.path)
        if way in ("403", "503"):
            return self.send_error(int(way))
        whole = self.server.whole
        body = {
            "corrupt": whole[:5000] + b"?" + whole[5001:],
            "page": b"<html>Please log in</html>",
            "short": whole[:60000],
            "empty": b"",
        }.get(way, whole)
        if way == "silent":
            self.server.stop.wait(10)
        self.send_response(200)
        self.send_header("Content-Length", str(len(whole) if way in ("cut", "stalls") else len(body)))
        self.end_headers()
        for start in range(0, len(body), 20000):
            if start == 60000 and way in ("cut", "stalls"):
                break
            self.wfile.write(body[start : start + 20000])
            if way == "slow":
                time.sleep(0.35)
        if way == "stalls":
            self.wfile.flush()
            self.server.stop.wait(10)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving(whole):
    """A server on loopback that has one file, `whole`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.whole, server.asked, server.stop = whole, [], threading.Event()
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.stop.set()
        server.shutdown()


@pytest.fixture(scope="module")
def server():
    with serving(WHOLE) as server:
        yield server


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("RNNLAB_DATA", raising=False)
    monkeypatch.delenv("RNNLAB_CACHE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def mirror(server):
    server.asked.clear()
    return lambda way: f"http://127.0.0.1:{server.server_port}/{way}"


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_fetched_once(mirror, server, tmp_path):
    path = locate(FILE, [mirror("whole")], tmp_path)
    assert path == tmp_path / "set/raw/rows.gz" and path.read_bytes() == WHOLE
    assert server.asked == ["/whole/rows.gz"]  # the mirror holds the name, not the folders
    assert locate(FILE, [mirror("503")], tmp_path) == path and len(server.asked) == 1
    assert everything_in(tmp_path) == ["set/raw/rows.gz"]


FETCH = (
    r"cannot fetch rows.gz, 102,400 bytes: http://127.0.0.1:\d+/{} {}: try again with a network, "
    "or set RNNLAB_DATA to a folder that holds set/raw/rows.gz"
)


@pytest.mark.parametrize(
    "way, complaint",
    [
        ("403", "answers 403 Forbidden"),
        ("503", "answers 503 Service Unavailable"),
        ("corrupt", r"has sha256 [0-9a-f]{12}…, expected [0-9a-f]{12}…"),
        ("short", "holds 60,000 bytes, expected 102,400"),
        ("page", "holds 26 bytes, expected 102,400"),
        ("empty", "holds 0 bytes, expected 102,400"),
        ("cut", "stops after 59,... bytes"),
        ("silent", "is silent for 0.5 s"),
        ("stalls", "is silent for 0.5 s"),
    ],
)
def test_what_is_not_whole_gets_a_sentence_and_no_file(mirror, tmp_path, way, complaint):
    start = time.perf_counter()
    with pytest.raises(DataError, match="^" + FETCH.format(way, complaint) + "$") as caught:
        locate(FILE, [mirror(way)], tmp_path, timeout=0.5 if "silent" in complaint else 20)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert everything_in(tmp_path) == [] and time.perf_counter() - start < 8


def test_no_network(tmp_path):
    with pytest.raises(DataError, match=r"rows.gz, .*: http://127.0.0.1:9/ cannot be reached: try again"):
        locate(FILE, ["http://127.0.0.1:9/"], tmp_path, timeout=0.5)
    with pytest.raises(DataError, match=r"nowhere:/x cannot be used \(InvalidSchema\)"):
        locate(FILE, ["nowhere:/x"], tmp_path)
    assert everything_in(tmp_path) == []


def test_a_slow_server_that_goes_on_is_waited_for(mirror, tmp_path):
    start = time.perf_counter()
    assert locate(FILE, [mirror("slow")], tmp_path, timeout=1.5).read_bytes() == WHOLE
    assert time.perf_counter() - start > 1.5  # in all longer than it may ever be silent


def test_an_interrupt_leaves_nothing(mirror, tmp_path, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "flaw", interrupted)  # after the download, before the name
    with pytest.raises(KeyboardInterrupt):
        locate(FILE, [mirror("whole")], tmp_path)
    assert everything_in(tmp_path) == []


def test_the_next_mirror_is_asked(mirror, server, tmp_path):
    assert locate(FILE, [mirror("503"), mirror("cut"), mirror("whole")], tmp_path).read_bytes() == WHOLE
    assert [path.split("/")[1] for path in server.asked] == ["503", "cut", "whole"]
    with pytest.raises(DataError, match="/403 answers 403 Forbidden; http.*/cut stops after 59,... bytes: try again"):
        locate(FILE._replace(path="other/rows.gz"), [mirror("403"), mirror("cut")], tmp_path)


@pytest.mark.parametrize("content", [b"", WHOLE[:500], WHOLE[:-1] + b"x"])
def test_a_damaged_file_in_the_cache_is_fetched_anew_and_stays_if_that_fails(mirror, tmp_path, content):
    path = tmp_path / FILE.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(DataError):
        locate(FILE, [mirror("cut")], tmp_path)
    assert path.read_bytes() == content and everything_in(tmp_path) == [FILE.path]
    assert locate(FILE, [mirror("whole")], tmp_path).read_bytes() == WHOLE


def test_a_data_folder_is_read_and_never_written(mirror, server, tmp_path, monkeypatch):
    monkeypatch.setenv("RNNLAB_DATA", str(tmp_path / "data"))
    given = tmp_path / "data" / FILE.path
    assert locate(FILE, [mirror("whole")], tmp_path / "cache") == tmp_path / "cache" / FILE.path  # not there: fetched
    given.parent.mkdir(parents=True)
    given.write_bytes(WHOLE)
    assert locate(FILE, [mirror("503")], tmp_path / "cache") == given
    for content, words in ((WHOLE[:-1], "holds 102,399 bytes, expected 102,400"), (WHOLE[::-1], "has sha256 ")):
        given.write_bytes(content)
        with pytest.raises(DataError, match=f"{given} {words}.*: replace it, or unset RNNLAB_DATA to have it fetched"):
            locate(FILE, [mirror("whole")], tmp_path / "cache")
        assert given.read_bytes() == content
    assert len(server.asked) == 1


def test_the_cache_folder(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.pooch, "os_cache", lambda name: tmp_path / "user" / name)
    assert locate(FILE, [mirror("whole")]) == tmp_path / "user" / "rnnlab" / FILE.path
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "mine"))
    assert locate(FILE, [mirror("whole")]) == tmp_path / "mine" / FILE.path


WRITE = (
    r"cannot write rows.gz to .* \({}\): make room, or set RNNLAB_CACHE to a folder you may write to, "
    "or RNNLAB_DATA to one that holds set/raw/rows.gz$"
)


def test_a_read_only_cache(mirror, read_only_folder):
    with pytest.raises(DataError, match=WRITE.format("Permission denied")):
        locate(FILE, [mirror("whole")], read_only_folder)
    assert everything_in(read_only_folder) == []


def test_a_full_cache(mirror, tmp_path, full_disk):
    with full_disk(50000), pytest.raises(DataError, match=WRITE.format("File too large")):
        locate(FILE, [mirror("whole")], tmp_path)
    assert everything_in(tmp_path) == []


def test_a_file_where_the_cache_folder_should_be(mirror, tmp_path):
    (tmp_path / "set").write_text("in the way")
    with pytest.raises(DataError, match=WRITE.format("Not a directory")):
        locate(FILE, [mirror("whole")], tmp_path)
    assert everything_in(tmp_path) == ["set"]


def test_two_at_once_do_not_meet(mirror, tmp_path):
    threads = [threading.Thread(target=locate, args=(FILE, [mirror("whole")], tmp_path)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / FILE.path).read_bytes() == WHOLE and everything_in(tmp_path) == [FILE.path]
