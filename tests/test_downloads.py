"""Fetching from a server that serves whole, cut short, corrupt, slow, refusing: a whole file or one sentence."""

import contextlib
import hashlib
import http.server
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rnnlab import folders
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
            "corrupt": whole[:5000] + bytes(255 - byte for byte in whole[5000:5001]) + whole[5001:],
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
                self.server.stop.wait(0.35)
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
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


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
        ("cut", "stops after 60,000 bytes"),
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
    with pytest.raises(DataError, match="/403 answers 403 Forbidden; http.*/cut stops after 60,000 bytes: try again"):
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
    given.parent.mkdir(parents=True)
    given.write_bytes(WHOLE)
    assert locate(FILE, [mirror("503")], tmp_path / "cache") == given
    for content, words in ((WHOLE[:-1], "holds 102,399 bytes, expected 102,400"), (WHOLE[::-1], "has sha256 ")):
        given.write_bytes(content)
        with pytest.raises(
            DataError, match=f"{given} {words}.*: put it there, or unset RNNLAB_DATA to have it fetched"
        ):
            locate(FILE, [mirror("whole")], tmp_path / "cache")
        assert given.read_bytes() == content
    assert server.asked == []


def test_a_data_folder_that_is_set_and_wrong_is_said_at_once(mirror, server, tmp_path, monkeypatch):
    """Whoever sets it means it: no 84 MB are fetched behind their back."""
    data = tmp_path / "data"
    (data / FILE.path).parent.mkdir(parents=True)
    (data / "link").symlink_to(tmp_path / "nowhere")
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    missing = (
        "cannot be read \\(No such file or directory\\), and RNNLAB_DATA is {}: put it there, or unset RNNLAB_DATA"
    )
    for given, looked in (
        (data, data),  # it is there and does not hold the file
        (tmp_path / "missing", tmp_path / "missing"),
        ("~/data", home / "data"),
        (data / "link", data / "link"),
    ):
        monkeypatch.setenv("RNNLAB_DATA", str(given))
        with pytest.raises(DataError, match=f"^{looked / FILE.path} {missing.format(looked)}"):
            locate(FILE, [mirror("whole")], tmp_path / "cache")
    (data / FILE.path).symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("RNNLAB_DATA", str(data))
    with pytest.raises(DataError, match=f"^{data / FILE.path} {missing.format(data)}"):
        locate(FILE, [mirror("whole")], tmp_path / "cache")
    (data / FILE.path).unlink()
    (data / FILE.path).write_bytes(WHOLE)
    monkeypatch.setenv("RNNLAB_DATA", str(data / "set"))  # one level too deep
    with pytest.raises(DataError, match=f"set RNNLAB_DATA to {data}, which holds it, or unset RNNLAB_DATA to have it"):
        locate(FILE, [mirror("whole")], tmp_path / "cache")
    assert server.asked == [] and not (tmp_path / "cache").exists()
    data.rename(home)
    home.rename(tmp_path / "moved")
    home.mkdir()
    (tmp_path / "moved").rename(home / "data")
    monkeypatch.setenv("RNNLAB_DATA", "~/data")
    assert locate(FILE, []) == home / "data" / FILE.path
    monkeypatch.chdir(home)
    monkeypatch.setenv("RNNLAB_DATA", "data")
    assert locate(FILE, []) == home / "data" / FILE.path


def test_the_cache_folder(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.pooch, "os_cache", lambda name: tmp_path / "user" / name)
    assert locate(FILE, [mirror("whole")]) == tmp_path / "user" / "rnnlab" / FILE.path
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "mine"))
    assert locate(FILE, [mirror("whole")]) == tmp_path / "mine" / FILE.path
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RNNLAB_CACHE", "~/x")
    assert locate(FILE, [mirror("whole")]) == tmp_path / "home/x" / FILE.path


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
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda _: locate(FILE, [mirror("whole")], tmp_path), range(6)))
    assert set(paths) == {tmp_path / FILE.path} and paths[0].read_bytes() == WHOLE
    assert everything_in(tmp_path) == [FILE.path]


# ---- servers that send what no server should


def canned(text, body=WHOLE):
    return text.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body


ODD = {
    "length abc": (canned("HTTP/1.1 200 OK\nContent-Length: abc", WHOLE[:-1]), "holds 102,399 bytes"),
    "length twice": (canned("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 102400"), ""),
    "length minus": (canned("HTTP/1.1 200 OK\nContent-Length: -5", WHOLE[:-1]), "holds 102,399 bytes"),
    "no length": (canned("HTTP/1.1 200 OK\nServer: x", WHOLE[:500]), "holds 500 bytes, expected 102,400"),
    "to a host of dots": (canned("HTTP/1.1 302 Found\nLocation: http://...../x"), ""),
    "to a port of words": (canned("HTTP/1.1 302 Found\nLocation: http://127.0.0.1:abc/x"), ""),
    "to no UTF-8": (canned("HTTP/1.1 302 Found\nLocation: http://\xff\xfe/\xff"), ""),
    "to a file": (canned("HTTP/1.1 302 Found\nLocation: file:///etc/passwd"), "cannot be used"),
    "to nothing": (canned("HTTP/1.1 302 Found\nLocation:"), ""),
    "to a bracket": (canned("HTTP/1.1 302 Found\nLocation: http://[::1/x"), ""),
    "round and round": (canned("HTTP/1.1 302 Found\nLocation: /x"), r"cannot be used \(TooManyRedirects\)"),
    "escapes": (canned("HTTP/1.1 404 \x1b[31mred\x1b]0;owned\x07\nX: y", b""), "answers 404 Not Found"),
    "status 299": (canned("HTTP/1.1 299 Fine\nX: y"), "answers 299"),
    "status 204": (canned("HTTP/1.1 204 No Content\nX: y", b""), "answers 204 No Content"),
    "status 999": (canned("HTTP/1.1 999 Odd\nX: y"), "answers 999"),
    "no http": (b"\x00\x01\x02" * 99, ""),
    "nothing": (b"", ""),
    "endless header": (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 10**6, ""),
    "1,000 headers": (canned("HTTP/1.1 200 OK" + "\nX: y" * 1000), ""),
    "bad chunks": (canned("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"zz\r\n" + WHOLE), ""),
    "chunks of minus": (canned("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"-5\r\n" + WHOLE), ""),
    "bad gzip": (canned("HTTP/1.1 200 OK\nContent-Encoding: gzip", b"no gzip"), "holds 7 bytes, expected 102,400"),
    "too much": (canned("HTTP/1.1 200 OK\nX: y", WHOLE * 600), "sends more than 102,400 bytes"),
    "too much said": (canned(f"HTTP/1.1 200 OK\nContent-Length: {600 * 102400}", WHOLE * 600), "sends more than 102,4"),
    "a byte too much": (canned("HTTP/1.1 200 OK\nX: y", WHOLE + b"x"), "sends more than 102,400 bytes"),
}


@contextlib.contextmanager
def sending(answer):
    """A server that answers everything with the same bytes, or with what `answer(connection)` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    answer(connection) if callable(answer) else connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with contextlib.suppress(OSError):  # closing alone does not wake the one that accepts
            listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("way", ODD)
def test_the_next_mirror_is_asked_whatever_the_first_sends(mirror, tmp_path, way):
    answer, words = ODD[way]
    with sending(answer) as odd:
        with pytest.raises(
            DataError, match=rf"^cannot fetch rows.gz, 102,400 bytes: {odd} (?=\w).*{words}.*: try again"
        ) as caught:
            locate(FILE, [odd], tmp_path, timeout=5)
        assert str(caught.value).isprintable()
        assert everything_in(tmp_path) == []
        assert locate(FILE, [odd, mirror("whole")], tmp_path, timeout=5).read_bytes() == WHOLE


def test_no_more_is_written_than_the_file_holds(tmp_path, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        downloads, "flaw", lambda path, file: sizes.append(path.exists() and path.stat().st_size) or "no"
    )
    with sending(ODD["too much"][0]) as odd, pytest.raises(DataError, match="sends more than"):
        locate(FILE, [odd], tmp_path)
    assert max(sizes) <= len(WHOLE)


def test_a_server_that_trickles_is_left(mirror, tmp_path, monkeypatch):
    """It is never silent for long, and would take days."""

    left = threading.Event()

    def trickle(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 102400\r\n\r\n")
        while not left.wait(0.05):
            connection.sendall(b"x")

    monkeypatch.setattr(downloads, "LIMIT", 0.5)
    start = time.perf_counter()
    with sending(trickle) as odd:
        with pytest.raises(DataError, match=r"is too slow: \d+ bytes in 0.5 s: try again"):
            locate(FILE, [odd], tmp_path)
        assert locate(FILE, [odd, mirror("whole")], tmp_path).read_bytes() == WHOLE
        left.set()
    assert time.perf_counter() - start < 5


def test_a_server_that_trickles_its_headers_is_left(mirror, tmp_path, monkeypatch):
    left = threading.Event()

    def trickle(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            if left.wait(0.1):
                break
            connection.sendall(b"x")

    monkeypatch.setattr(downloads, "LIMIT", 1)
    with sending(trickle) as odd:
        with pytest.raises(DataError, match=r"is too slow: 0 bytes in 1 s: try again"):
            locate(FILE, [odd], tmp_path)
        assert locate(FILE, [odd, mirror("whole")], tmp_path).read_bytes() == WHOLE
        left.set()
    assert everything_in(tmp_path) == [FILE.path]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            {"mirrors": "http://127.0.0.1:9/"},
            "mirrors is 'http://127.0.0.1:9/', expected a list of the addresses of folders",
        ),
        ({"mirrors": [None]}, r"mirrors\[0\] is None, expected a list of the addresses of folders"),
        ({"mirrors": 3}, "mirrors is 3, expected a list of the addresses of folders"),
        ({"timeout": 0}, "timeout is 0, expected a number above 0"),
        ({"timeout": float("nan")}, "timeout is nan, expected a number above 0"),
        ({"timeout": "30"}, "timeout is '30', expected a number above 0"),
        ({"cache": 3}, "cache is 3, expected a path"),
        ({"cache": ""}, "cache is '', expected a path"),
        ({"cache": "a\0b"}, "cache is .*, expected a path"),
    ],
)
def test_arguments_that_make_no_sense(mirror, tmp_path, arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        locate(FILE, **{"mirrors": [mirror("whole")], "cache": tmp_path} | arguments)


def test_a_cache_whose_name_is_too_long(mirror, tmp_path):
    with pytest.raises(
        DataError, match=r"cannot write rows.gz to .*x \(File name too long\)|raw \(File name too long\)"
    ):
        locate(FILE, [mirror("whole")], tmp_path / ("x" * 300))


def test_no_mirror(tmp_path):
    with pytest.raises(DataError, match="cannot fetch rows.gz, 102,400 bytes: no mirror is named: try again"):
        locate(FILE, [], tmp_path)


# ---- runs that were killed


def test_what_a_killed_run_left_is_swept_at_the_next_start(mirror, tmp_path):
    left = tmp_path / "set/raw" / f"{folders.PART}abc" / "rows.gz"
    left.parent.mkdir(parents=True)
    left.write_bytes(WHOLE[:5000])
    os.utime(left.parent, (0, 0))
    locate(FILE, [mirror("whole")], tmp_path)
    assert left.exists()  # the folder is old, but something was written a moment ago: its run may be alive
    os.utime(left, (time.time() - folders.DEAD - 5,) * 2)
    (tmp_path / FILE.path).unlink()
    locate(FILE, [mirror("whole")], tmp_path)
    assert everything_in(tmp_path) == [FILE.path] and not left.parent.exists()
