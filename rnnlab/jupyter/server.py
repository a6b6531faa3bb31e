"""An extension of Jupyter's server: lessons are saved and exported whole, and find their drawings from any folder."""

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.files.handlers import FilesHandler
from jupyter_server.utils import url_path_join
from tornado import web

from rnnlab.jupyter import DRAWINGS, drawing, leave_out_widgets


def before_saving(model: dict, **_) -> None:
    """Jupyter's pre_save_hook: an explorer is saved as its page, without the widget that ends with the kernel."""
    if model["type"] == "notebook":
        leave_out_widgets(model["content"].get("cells", []))


class DrawingHandler(FilesHandler):
    """The drawing a page links as ../img/NAME.svg: the file there, or else the installed one of that name."""

    @web.authenticated
    @authorized
    async def get(self, path, include_body=True):
        if await ensure_async(self.contents_manager.file_exists(path)):
            return await super().get(path, include_body)
        self.check_xsrf_cookie()
        self.set_header("Content-Type", "image/svg+xml")
        self.write(drawing(path.rpartition("/")[2]).read_bytes())
        self.flush()


def _jupyter_server_extension_points():
    return [{"module": "rnnlab.jupyter.server"}]


def _load_jupyter_server_extension(app):
    app.contents_manager.register_pre_save_hook(before_saving)
    # Jupyter's server does not read nbconvert's configuration (export.json) for its menu "Save and Export".
    exporter = app.config.HTMLExporter
    exporter.preprocessors = [*exporter.get("preprocessors", []), "rnnlab.jupyter.export.Lesson"]
    names = "|".join(file.stem for folder in DRAWINGS for file in folder.glob("*.svg"))
    address = url_path_join(app.web_app.settings["base_url"], rf"/files/((?:.*/)?img/(?:{names})\.svg)")
    app.web_app.add_handlers(".*$", [(address, DrawingHandler, {"path": ""})])
