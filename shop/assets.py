"""Static files: their addresses by content, our scripts without their comments, and copies for Nginx to send."""

from __future__ import annotations

import functools
import gzip
import hashlib
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for
from rjsmin import jsmin

OWN_SCRIPTS = "js/"  # what lies in vendor/ is sent as its authors made it
COMPRESSED = frozenset({".css", ".js", ".svg", ".txt", ".html"})


def register(app: Flask) -> None:
    """Serve the static files by `serve` instead of by Flask's own view."""
    app.view_functions["static"] = serve


def serve(filename: str) -> Response:
    """A static file; our own scripts lean. Raises NotFound (404)."""
    path = _static_folder() / OWN_SCRIPTS / Path(filename).name
    is_own_script = filename == f"{OWN_SCRIPTS}{path.name}" and path.suffix == ".js" and path.is_file()
    if not is_own_script:
        return current_app.send_static_file(filename)
    response = Response(lean_script(filename), mimetype="text/javascript")
    response.last_modified = int(path.stat().st_mtime)
    response.add_etag()
    return response.make_conditional(request)


def asset(name: str) -> str:
    """The address of a static file, with a hash of its content so that it can be kept for ever."""
    path = _static_folder() / name
    return url_for("static", filename=name, v=_content_hash(path, path.stat().st_mtime_ns))


def lean_script(name: str) -> str:
    """A script of ours without comments and needless space, as browsers get it."""
    path = _static_folder() / name
    return _without_comments(path, path.stat().st_mtime_ns)


def compress(folder: Path) -> list[Path]:
    """Write `<name>.gz` beside every text file of the static folder, for Nginx's gzip_static; give what was written."""
    written = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in COMPRESSED:
            continue
        is_own_script = path.relative_to(folder).as_posix().startswith(OWN_SCRIPTS) and path.suffix == ".js"
        content = jsmin(path.read_text(encoding="utf-8")).encode() if is_own_script else path.read_bytes()
        copy = path.with_name(path.name + ".gz")
        copy.write_bytes(gzip.compress(content, 9, mtime=0))
        written.append(copy)
    return written


def _static_folder() -> Path:
    return Path(current_app.static_folder or "")


@functools.cache
def _content_hash(path: Path, _changed_at: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@functools.cache
def _without_comments(path: Path, _changed_at: int) -> str:
    return str(jsmin(path.read_text(encoding="utf-8")))
