"""The settings of the site: Sphinx and MyST-NB on the stored notebooks, which are not run. `make site` builds it."""

from pathlib import Path

from docutils import nodes
from sphinx.util.images import get_image_size

from rnnlab.jupyter.export import mathml

project = html_title = "RNN Lab"
extensions = ["myst_nb"]
nb_execution_mode, nb_render_markdown_format = "off", "myst"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
add_module_names = False
toc_object_entries = False
pygments_style, pygments_dark_style = "a11y-light", "a11y-dark"
html_theme = "furo"
html_theme_options = {"navigation_with_keys": False, "top_of_page_buttons": []}  # arrow keys belong to the explorers
templates_path, html_static_path = ["_templates"], ["_static"]
html_css_files, html_js_files = ["site.css"], ["site.js"]
html_favicon = "_static/favicon.svg"
html_copy_source = html_show_sourcelink = html_show_sphinx = html_show_copyright = html_use_index = False
html_scaled_image_link = False
html_math_renderer = "mathml"


def inline(self, node):
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block(self, node):
    self.body.append(f'<div class="math">{mathml(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def finish(app, doctree, _):
    """Pictures say their size, so that text stays where it is while they come; an empty head of a table goes."""
    for image in doctree.findall(nodes.image):
        width, height = get_image_size(Path(app.srcdir) / image["uri"])
        image.attributes.update(width=str(width), height=str(height))
    for head in [head for head in doctree.findall(nodes.thead) if not head.astext().strip()]:
        head.parent.remove(head)


def setup(app):
    app.connect("doctree-resolved", finish)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
