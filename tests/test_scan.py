"""Scan: three rounds of doubling give the states of the loop; the page steps, counts and writes the sums out."""

from xml.etree import ElementTree

import pytest
import torch

from rnnlab.explorers.scan import Scan, partial, states


def pairs(seed=0):
    torch.manual_seed(seed)
    return torch.rand(8, dtype=torch.float64) * 2 - 1, torch.randn(8, dtype=torch.float64)


@pytest.mark.parametrize("seed", range(5))
def test_each_round_holds_what_the_loop_gives_on_a_piece(seed):
    a, b = pairs(seed)
    for r, (A, B) in enumerate(partial(a, b)):
        for t in range(8):
            first = max(0, t + 1 - 2**r)
            h = torch.tensor(0.0, dtype=torch.float64)
            for s in range(first, t + 1):
                h = a[s] * h + b[s]
            assert B[t] == pytest.approx(h.item(), rel=1e-14, abs=1e-15)
            assert A[t] == pytest.approx(a[first : t + 1].prod().item(), rel=1e-14)
    assert torch.allclose(partial(a, b)[-1][1], states(a, b), rtol=1e-14)


def texts(root):
    return root.locator(".say").inner_text(), root.locator(".note").inner_text()


def test_rounds_go_by_slider_button_and_key_and_are_counted(open_explorer):
    root = open_explorer(Scan.example().page())
    slider = root.get_by_role("slider", name="round")
    seen = []
    slider.press("Home")
    for _ in range(8):
        seen.append(texts(root)[0])
        slider.press("ArrowRight")
    assert seen == [
        "After 0 rounds: the scan has 1 of 8 states, 0 combinations or 0 products; the loop 1 of 8, 0 products.",
        "After 1 round: the scan has 2 of 8 states, 7 combinations or 14 products; the loop 2 of 8, 1 product.",
        "After 2 rounds: the scan has 4 of 8 states, 13 combinations or 26 products; the loop 3 of 8, 2 products.",
        "After 3 rounds: the scan has 8 of 8 states, 17 combinations or 34 products; the loop 4 of 8, 3 products."
        " The scan is done.",
        *(
            f"After {r} rounds: the scan has 8 of 8 states, 17 combinations or 34 products; the loop {r + 1} of 8,"
            f" {r} products.{' Both are done.' if r == 7 else ''}"
            for r in (4, 5, 6, 7)
        ),
    ]
    assert root.get_by_role("button", name="one round on").is_disabled()
    root.get_by_role("button", name="one round back").press("Enter")
    assert texts(root)[0] == seen[6]
    root.get_by_role("button", name="run").click()
    assert texts(root)[0] == seen[0]
    root.page.wait_for_function("document.querySelector('.say').textContent.startsWith('After 2 rounds')")
    root.get_by_role("button", name="stop").click()


def test_the_numbers_on_the_page_are_those_of_pytorch(open_explorer):
    a, b = pairs(1)
    root = open_explorer(Scan(a, b, round=7).page())
    shown = root.locator("text.state").all_text_contents()[-8:]
    said = [f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00") for value in states(a, b).tolist()]
    assert [text.split()[1] for text in shown] == said
    (A, B), three = partial(a, b)[1], root.get_by_role("slider", name="round")
    three.press("Home")
    three.press("ArrowRight")
    shown = root.locator(".node:not(.ready) text").all_text_contents()
    rows = [text for t in range(2, 8) for text in (f"a {A[t]:.2f}", f"b {B[t]:.2f}")]
    assert [text.replace("−", "-") for text in shown[-12:]] == rows


def test_an_element_is_picked_with_the_mouse_and_its_sum_written_out(open_explorer):
    root = open_explorer(Scan(torch.full((8,), 0.5), torch.tensor([1.0, -2, 3, -4, 5, -6, 7, -8]), round=2).page())
    assert (
        texts(root)[1]
        == "Element 4 in round 2 takes in element 2: h₄ = 0.25 · (−1.50) − 2.50 = −2.88. It holds all up to 4."
    )
    root.locator(".node").nth(8 + 6).click()  # round 1, element 7
    assert texts(root)[1] == (
        "Element 7 in round 1 takes in element 6: a = 0.50 · 0.50 = 0.25, b = 0.50 · (−6.00) + 7.00 = 4.00."
        " It holds 6 to 7."
    )
    assert "After 1 round" in texts(root)[0]
    root.locator(".node").first.click()
    assert texts(root)[1] == "Element 1 as it was given: a = 0.50, b = 1.00."
    root.locator(".node").nth(32 + 5).click()  # the loop's sixth
    assert "After 5 rounds" in texts(root)[0]
    assert (
        texts(root)[1] == "Element 1 in round 3: nothing stands that far before it. It was complete already: h₁ = 1.00."
    )


def test_an_element_is_picked_by_key(open_explorer):
    root = open_explorer(Scan.example().page())
    root.get_by_role("slider", name="element").press("End")
    assert texts(root)[1].startswith("Element 8 in round 1")


def test_a_drag_goes_on_while_the_picture_is_drawn_anew(open_explorer):
    root = open_explorer(Scan.example().page())
    boxes = [root.locator(".node").nth(8 + t).bounding_box() for t in (1, 6)]
    start, end = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    mouse = root.page.mouse
    mouse.move(*start), mouse.down(), mouse.move(*end, steps=10)
    assert texts(root)[1].startswith("Element 7 in round 1")
    mouse.up(), mouse.move(*start)
    assert texts(root)[1].startswith("Element 7 in round 1")


def test_where_it_is_wider_than_its_room_keys_can_scroll_it(open_explorer):
    root = open_explorer("<style>body { width: 700px }</style>" + Scan.example().page())
    assert root.locator(".chain").evaluate("node => node.scrollWidth > node.clientWidth && node.tabIndex === 0")


def test_where_it_is_narrow_the_element_spoken_of_is_in_view_until_somebody_scrolls(open_explorer):
    root = open_explorer("<style>body { width: 360px }</style>" + Scan.example().page())
    chain, chosen = root.locator(".chain"), root.locator(".node.at")
    seen = """(node, other) => {
      const [a, b] = [node, other].map(one => one.getBoundingClientRect());
      return a.left >= b.left && a.right <= b.right;
    }"""
    assert chosen.first.evaluate(seen, chain.element_handle())
    chain.evaluate("node => node.scrollLeft = 0")
    root.get_by_role("button", name="one round on").click()
    assert chain.evaluate("node => node.scrollLeft") == 0 and not chosen.first.evaluate(seen, chain.element_handle())


def test_python_moves_it_and_the_picture_says_what_it_is():
    explorer = Scan.example()
    assert (
        "After 1 round the scan by doubling has 2 of the 8 states, in 7 combinations; the loop has 2, in 1"
        in explorer.alt()
    )
    before = ElementTree.tostring(explorer.still())
    explorer.round = 3
    assert "has 8 of the 8 states, in 17 combinations; the loop has 4, in 3" in explorer.alt()
    assert ElementTree.tostring(explorer.still()) != before
    for name, value in (("round", 8), ("round", -1), ("element", 0), ("element", 9)):
        with pytest.raises(ValueError, match=f"{name} goes from"):
            setattr(explorer, name, value)


GOOD = {"a": torch.rand(8), "b": torch.rand(8)}


@pytest.mark.parametrize(
    ("error", "sentence", "changed"),
    [
        (TypeError, "a is None, expected a tensor", {"a": None}),
        (TypeError, "b is torch.int64, expected floating-point", {"b": torch.ones(8).long()}),
        (ValueError, "b ", {"b": torch.rand(9)}),
        (ValueError, "a ", {"a": torch.rand(1, 8)}),
        (ValueError, "a holds NaN", {"a": torch.full((8,), torch.nan)}),
        (ValueError, "beyond every number", {"a": torch.full((8,), 1e300, dtype=torch.float64)}),
        (ValueError, "round goes from 0 to 7, and 8 is outside", {"round": 8}),
        (TypeError, "element is '1', expected", {"element": "1"}),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(error, sentence, changed):
    with pytest.raises(error, match=sentence):
        Scan(**GOOD | changed)
