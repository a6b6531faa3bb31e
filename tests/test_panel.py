"""Every explorer, as its lesson stores it, fits into a panel of JupyterLab on a projector."""

import nbformat
import pytest

from tools import browser as tools

# What a window of 1280 x 720 leaves: the panel is 599 high; an output is 1080 wide, and 828 beside the file browser.
HIGH, WIDE, BESIDE_FILES = 599, 1080, 828


# Sizes are observed and drawings made anew between a frame and the next: three frames later all stands.
SETTLED = """async root => {
  for (const _ of [1, 2, 3]) await new Promise(requestAnimationFrame);
  return [root.offsetHeight, root.scrollWidth - root.clientWidth];
}"""


@pytest.mark.parametrize("play", tools.EXPLORERS, ids=lambda play: play.module)
def test_it_fits_with_and_without_the_file_browser(play, open_explorer):
    lesson = nbformat.read(tools.ROOT / "notebooks" / f"{play.lesson}.ipynb", 4)
    pages = [output.get("data", {}).get("text/html", "") for cell in lesson.cells for output in cell.get("outputs", [])]
    (body,) = [page for page in pages if f'"{play.selector.split(".")[-1]}"' in page]
    root = open_explorer(f"<style>body {{ margin: 0 }}</style>{body}")
    for width in (WIDE, BESIDE_FILES):
        root.page.set_viewport_size({"width": width, "height": HIGH})
        root.page.wait_for_function(f"innerWidth === {width}")
        height, over = root.evaluate(SETTLED)
        assert height <= HIGH and over == 0, f"{height} pixels high at {width}"
