"""Assets: our style sheets and script, under names that change with their bytes."""

from flask import Blueprint, Response, abort

from templates.web.assets import Assets


def pages(kept: Assets) -> Blueprint:
    """The files, to be kept by browsers for ever."""
    blueprint = Blueprint("assets", __name__)

    @blueprint.get("/assets/<name>")
    def file(name: str) -> Response:
        found = kept.kept.get(name)
        if found is None:
            abort(404)
        response = Response(found.content, mimetype=found.mime)
        # The sealed frame of a mail has no origin of its own, and still wears our style.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return blueprint
