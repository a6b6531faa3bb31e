"""Word map: neighbours by cosine, places by PCA, any word as text, kind words for what it does not know."""

import base64
import re
from xml.etree import ElementTree

import pytest
import torch
from sklearn.decomposition import PCA
from torch.nn import functional as F

from rnnlab.explorers.word_map import NEAR, WordMap, neighbours, project

NASTY = ["</script><script>broken = 1</script>", "<img src=x onerror='window.broken = 2'>", '"><b>x', "a\x00b"]
NASTY += ["한국어", "😀"]


def random_map(count, size=8, **where):
    torch.manual_seed(0)
    return WordMap([f"word{i}" for i in range(count)], torch.randn(count, size), **where)


def test_neighbours_are_those_of_the_largest_cosine():
    torch.manual_seed(0)
    vectors = torch.randn(40, 5, dtype=torch.float64)
    near, cosines = neighbours(F.normalize(vectors, dim=1), 6)
    for i, vector in enumerate(vectors):
        every = F.cosine_similarity(vector[None], vectors)
        best = every.argsort(descending=True)[1:7]
        assert torch.allclose(every[near[i]], every[best], atol=0.011)  # cosines that look equal may trade places
        assert torch.allclose(cosines[i].double() / 100, every[near[i]], atol=0.0051)
        assert i not in near[i]


def test_the_frequent_come_first_where_cosines_are_equal():
    vectors = torch.tensor([[1.0, 0], [0, 1], [2, 0], [3, 0], [-1, 0]])
    assert WordMap(list("abcde"), vectors, word="c").neighbours() == [("a", 1), ("d", 1), ("b", 0), ("e", -1)]


def test_places_are_those_of_scikit_learn():
    torch.manual_seed(0)
    unit = F.normalize(torch.randn(50, 6, dtype=torch.float64) * torch.tensor([5, 4, 1, 1, 1, 1]), dim=1)
    places, share = project(unit)
    pca = PCA(2).fit(unit)
    theirs = torch.from_numpy(pca.transform(unit))
    for axis in (0, 1):
        assert abs(torch.corrcoef(torch.stack([places[:, axis].double(), theirs[:, axis]]))[0, 1]) > 0.99999
    assert share == pytest.approx(pca.explained_variance_ratio_.sum())
    assert places.amin(dim=0).tolist() == [0, 0] and places.amax(dim=0).tolist() == [1000, 1000]


def test_the_length_of_a_vector_does_not_matter():
    torch.manual_seed(0)
    words, vectors = list("abcdefgh"), torch.randn(8, 4, dtype=torch.float64)
    assert WordMap(words, vectors).page() == WordMap(words, vectors * 2.0 ** torch.arange(8)[:, None]).page()


def test_vectors_in_one_direction_have_places_too():
    explorer = WordMap(["a", "b", "c"], torch.tensor([[1.0, 0], [2, 0], [-1, 0]]))
    assert 0 <= explorer._places.min() and explorer._places.max() <= 1000 and explorer.share == 1


def test_a_thousand_words_are_about_seventy_kilobytes():
    explorer = random_map(1000)
    assert len(explorer.page()) < 75_000 and len(explorer.neighbours()) == NEAR


def test_python_moves_the_map_and_asks_it():
    explorer = WordMap.example()
    explorer.word = "bad"
    assert explorer.neighbours() == explorer.neighbours("bad") and "Nearest to “bad”" in explorer.alt()
    for ask in (lambda: setattr(explorer, "word", "kind"), lambda: explorer.neighbours("kind")):
        with pytest.raises(ValueError, match="word must be one of the 16 words of the map, not 'kind'"):
            ask()


def test_any_word_is_text_in_the_stored_page():
    explorer = WordMap(NASTY, torch.eye(6) + 0.1)
    page = explorer.page()
    assert page.count("</script") == 1 and page.count("<img") == 1
    still = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    svg = ElementTree.fromstring(still)
    assert {node.tag.split("}")[1] for node in svg.iter()} == {"svg", "rect", "path", "circle", "text"}
    assert NASTY[0] in [node.text for node in svg.iter()]
    assert explorer.alt().count("<img") == 1 and "\x00" not in explorer.alt()


def test_a_typed_word_a_beginning_and_a_strange_word(open_explorer):
    map = open_explorer(WordMap.example().page())
    word, say = map.get_by_role("combobox", name="word"), map.locator(".say")
    assert word.input_value() == "great" and "rank 5 of 16" in say.inner_text()
    word.fill("BAD")
    assert "“bad”, rank 2 of 16" in say.inner_text()
    word.fill("lo")
    assert say.inner_text() == "“lo” … begins “lovely”."
    word.press("Enter")
    assert word.input_value() == "lovely" and "“lovely”, rank 13 of 16" in say.inner_text()
    drawn = map.locator("svg").inner_html()
    word.fill("<b>kind")
    assert say.inner_text().startswith("“<b>kind” is not among the 16 words of this map. It knows, for example, “good”")
    assert map.locator("svg").inner_html() == drawn and map.locator("b").count() == 0
    word.fill("")
    assert say.inner_text() == "Type one of 16 words, or click a dot."
    word.press("Enter")


def test_a_neighbour_is_a_button_a_dot_is_a_word_and_the_slider_goes_by_rank(open_explorer):
    explorer = WordMap.example()
    map = open_explorer(explorer.page())
    shown = map.locator(".near button").evaluate_all("nodes => nodes.map(node => node.getAttribute('aria-label'))")
    assert shown == [f"{w}, cosine {c:.2f}".replace("-", "−") for w, c in explorer.neighbours()]
    map.locator(".near button").first.press("Enter")
    word, first = map.locator("input[type=text]"), explorer.neighbours()[0][0]
    assert word.input_value() == first and f"“{first}”" in map.locator(".say").inner_text()
    map.get_by_role("slider", name="rank").press("Home")
    assert word.input_value() == "good"
    box, (x, y) = map.locator("svg").bounding_box(), explorer._places[explorer.words.index("he")].tolist()
    at = [14 + (box["width"] - 28) * x / 1000, 14 + (box["height"] - 28) * (1 - y / 1000)]
    map.locator("svg").hover(position={"x": at[0], "y": at[1]})
    assert map.locator(".tip text").text_content() == "he"
    map.locator("svg").click(position={"x": at[0], "y": at[1]})
    assert word.input_value() == "he"


def test_any_word_is_text_in_the_living_page(open_explorer):
    map = open_explorer(WordMap(NASTY, torch.eye(6) + 0.1).page())
    for _ in NASTY:
        map.get_by_role("slider", name="rank").press("ArrowRight")
    map.locator("input[type=text]").fill("<img")
    assert map.locator("img, b, script").count() == 0
    assert map.locator(".near button").first.inner_text().startswith("</script><script>")


TWO = torch.ones(3, 2)


@pytest.mark.parametrize(
    ("error", "sentence", "words", "vectors"),
    [
        (TypeError, "words must be a list of strings, not 'abc'", "abc", TWO),
        (TypeError, "words must be a list of strings", ["a", "b", 3], TWO),
        (ValueError, "words must be 3 to 2,000, as a page can carry, not 2", ["a", "b"], TWO[:2]),
        (ValueError, "not 2,001", [str(i) for i in range(2001)], torch.ones(2001, 2)),
        (ValueError, "words must be different, and 'a' is there twice", ["a", "b", "a"], TWO),
        (ValueError, "words must not be empty", ["a", " ", "b"], TWO),
        (ValueError, r"vectors must be \(3, E\).*not \(2, 2\)", ["a", "b", "c"], TWO[:2]),
        (ValueError, r"E at least 2, not \(3, 1\)", ["a", "b", "c"], TWO[:, :1]),
        (ValueError, "not list", ["a", "b", "c"], [[1.0, 2.0]] * 3),
        (ValueError, "finite numbers", ["a", "b", "c"], TWO / 0),
        (ValueError, "that of 'b' is all zeros", ["a", "b", "c"], TWO * torch.tensor([[1.0], [0], [1]])),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(error, sentence, words, vectors):
    with pytest.raises(error, match=sentence):
        WordMap(words, vectors)


def test_an_unknown_first_word_is_refused():
    with pytest.raises(ValueError, match="word must be one of the 3 words of the map, not 'd'"):
        random_map(3, word="d")


@pytest.mark.parametrize("scale", [1e308, 1e-300])
def test_the_length_of_a_vector_does_not_count_however_large_or_small(scale):
    torch.manual_seed(0)
    words, vectors = list("abcdefgh"), torch.rand(8, 4, dtype=torch.float64)
    one, other = WordMap(words, vectors), WordMap(words, scale * vectors)
    assert one.state() == other.state()


def test_a_name_lies_on_no_dot_that_is_seen(open_explorer):
    """A plate of the paper's colour is under the seven names that must stand; the others keep to free places."""
    torch.manual_seed(0)
    root = open_explorer(WordMap([f"word{i}" for i in range(300)], torch.randn(300, 6)).page())
    plates = root.locator(".plate").count()
    names = root.locator(".map svg g text").count()
    assert plates == names == 7
    dots = [tuple(map(float, dot[:-2].split(","))) for dot in root.locator(".dots").get_attribute("d")[1:].split("M")]
    place = "all => all.map(one => one.getBBox()).map(box => [box.x, box.y, box.width, box.height])"
    marks = root.locator("text.mark:visible").evaluate_all(place)
    assert len(marks) > 5
    for x, y, wide, high in marks:
        assert sum(x < a < x + wide and y + 4 < b < y + high - 4 for a, b in dots) <= 1
