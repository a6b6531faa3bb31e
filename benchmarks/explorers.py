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
from record import store

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


def main():
    wanted = [play for play in browser.EXPLORERS if not sys.argv[1:] or play.kind in sys.argv[1:]]
    results = {play.kind: {} for play in wanted}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        chromium = browser.chromium(driver)
        for play in wanted:
            page = chromium.new_page(viewport={"width": 1280, "height": 720})
            page.goto(browser.export(browser.stored(play.example()), Path(folder) / "page.html"))
            results[play.kind]["exported page"] = measure(play, page)
            page.close()
        with browser.jupyterlab(Path(folder)) as lab:
            for play in wanted:
                page = chromium.new_page(viewport={"width": 1280, "height": 720})
                lab.run_all(page, lab.write(f"{play.module}.ipynb", play.source))
                results[play.kind]["JupyterLab"] = measure(play, page)
                page.close()
                print(play.kind, results[play.kind], flush=True)
        versions = {name: importlib.metadata.version(name) for name in ("anywidget", "jupyterlab")}
        versions["chromium"] = chromium.version
    what = f"from key press to changed and to painted picture, {PRESSES} presses, without the first sixth"
    load = round(os.getloadavg()[1], 1)  # of the last five minutes; more than the cores is a busy machine
    store("explorers", what, results, browser=versions, load=load)


if __name__ == "__main__":
    main()
