"""What Lighthouse says of the built site: performance, accessibility, best practices and search, of 100 each.

Writes benchmarks/results/lighthouse.json. Lighthouse comes from npm, as `npx` fetches it, and asks Chromium. `mobile`
is its slow phone on a slow line. The server compresses what it sends, as hosts of static pages do.
"""

import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from rnnlab.benchmark_results import store

sys.path.insert(0, str(Path(__file__).parent.parent))
from tools import site  # noqa: E402
from tools.browser import CHROMIUM  # noqa: E402

VERSION = "12.8.2"  # the last for Node.js 18 to 21
GOAL = 95


class Compressed(http.server.SimpleHTTPRequestHandler):
    """A plain web server that sends text compressed and tells how long it may be kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        kind, body = self.guess_type(path), path.read_bytes()
        self.send_response(200)
        if kind.startswith("text/") or kind.endswith(("javascript", "svg+xml", "json")):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
            kind += "; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def pages(folder):
    """The front page, the first lesson with an explorer, the heaviest one, a page of the reference, and teaching."""
    lessons = sorted((folder / "notebooks").glob("*.html"))
    heaviest = max(lessons, key=lambda path: path.stat().st_size)
    names = [lessons[1], heaviest, folder / "reference" / "rnnlab.cells.html", folder / "teaching.html"]
    return ["index.html", *(path.relative_to(folder).as_posix() for path in names)]


def lighthouse(url, *flags):
    """{category: points of 100} for one page, and the times behind the first."""
    command = ["npx", "--yes", f"lighthouse@{VERSION}", url, "--quiet", "--output=json", *flags]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    done = subprocess.run(command, env={**os.environ, "CHROME_PATH": CHROMIUM}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"lighthouse@{VERSION} did not come or did not run:\n{done.stderr[-1000:]}")
    report = json.loads(done.stdout)
    scores = {name: round(100 * part["score"]) for name, part in report["categories"].items()}
    metrics = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"]
    return {**scores, **{name: report["audits"][name]["displayValue"] for name in metrics}}


def main():
    for program, found in {"npx (it comes with Node.js)": shutil.which("npx"), "Chromium": CHROMIUM}.items():
        if not found:
            sys.exit(f"benchmarks/lighthouse.py needs {program}, which is not on this machine; nothing was measured.")
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if site.build(folder / "source", folder / "site"):
            sys.exit("The site was not built: see above.")
        handler = functools.partial(Compressed, directory=folder / "site")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for name in pages(folder / "site"):
                url, results[name] = f"http://127.0.0.1:{server.server_port}/{name}", {}
                for device, flags in {"desktop": ["--preset=desktop"], "mobile": []}.items():
                    results[name][device] = lighthouse(url, *flags)
                    print(name, device, results[name][device], flush=True)
            server.shutdown()
    categories = ("performance", "accessibility", "best-practices", "seo")
    low = [
        f"{page}, {device}: {category} {scores[category]}"
        for page, devices in results.items()
        for device, scores in devices.items()
        for category in categories
        if scores[category] < GOAL
    ]
    facts = {"browser": {"lighthouse": VERSION, "chromium": chromium_version()}, "goal": GOAL, "below": low}
    store("lighthouse", "scores of 100 for pages of the site", results, **facts, load=round(os.getloadavg()[0], 1))


def chromium_version():
    said = subprocess.run([CHROMIUM, "--version", "--no-sandbox"], capture_output=True, text=True).stdout
    return said.split()[1]


if __name__ == "__main__":
    main()
