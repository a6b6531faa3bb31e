"""From the press of a key to the changed picture, for every explorer, in an exported page and in JupyterLab.

Writes benchmarks/results/explorers.json. `changed`: the drawing has its new content; `painted`: the browser has put the
frame with it on the screen, which waits for the next of 60 frames a second. Needs Chromium and the test extra.
"""

import importlib.metadata
import os
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from rnnlab.benchmark_results import store

sys.path.insert(0, str(Path(__file__).parent.parent))
from tools import browser  # noqa: E402

PRESSES = 120
WATCH = """root => {
  let pressed = null;
  window.times = [];
  root.addEventListener("keydown", event => { pressed = event.timeStamp; }, true);
  const drawn = ({ target }) => !(target.nodeType === 1 ? target : target.parentElement)?.closest(".control");
  new MutationObserver(records => {
    if (pressed === null || !records.some(drawn)) return;
    const start = pressed, changed = performance.now() - start, after = new MessageChannel();
    pressed = null;
    after.port1.onmessage = () => times.push([changed, performance.now() - start]);
    requestAnimationFrame(() => after.port2.postMessage(0));
  }).observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def measure(play, page):
    """Milliseconds for `PRESSES` presses, there and back again, each after the one before has been painted."""
    root = play.on(page)
    play.step(root)
    root.evaluate(WATCH)
    for number in range(PRESSES):
        play.step(root, back=number % 2 == 0)
        page.wait_for_function("count => times.length > count", arg=number)
    times = page.evaluate("times")[PRESSES // 6 :]  # the first ones warm up
    return {name: spread(column) for name, column in zip(("changed", "painted"), zip(*times, strict=True), strict=True)}


def spread(times):
    return {"median_ms": round(statistics.median(times), 1), "p90_ms": round(statistics.quantiles(times, n=10)[-1], 1)}


def in_page(play, chromium, folder):
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.goto(browser.export(browser.stored(play.example()), folder / "page.html"))
    times = measure(play, page)
    page.close()
    return times


def in_lab(play, chromium, lab):
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    lab.run_all(page, lab.write(f"{play.module}.ipynb", play.source))
    times = measure(play, page)
    page.close()
    lab.shut_kernels()
    return times


def main():
    what = f"from key press to changed and to painted picture, {PRESSES} presses, without the first sixth"
    versions = {name: importlib.metadata.version(name) for name in ("anywidget", "jupyterlab")}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        folder, chromium = Path(folder), browser.chromium(driver)
        versions["chromium"] = chromium.version
        with browser.jupyterlab(folder) as lab:
            for play in browser.EXPLORERS:
                if sys.argv[1:] and play.kind not in sys.argv[1:]:
                    continue
                times = {"exported page": in_page(play, chromium, folder), "JupyterLab": in_lab(play, chromium, lab)}
                times["load"] = round(os.getloadavg()[0], 1)  # of the last minute, beside two cores
                store("explorers", what, {play.kind: times}, browser=versions)
                print(play.kind, times, flush=True)


if __name__ == "__main__":
    main()
