"""Assets: our style sheets and scripts, under names that change with their bytes."""

from flask import Blueprint, Response, abort

from templates.web.assets import Assets


def pages(kept: Assets, *, worn_by: str = "same-origin") -> Blueprint:
    """The route of every kept file, for browsers to keep for ever.

    `worn_by` says whose pages may load it, as Cross-Origin-Resource-Policy names them.
    """
    assets = Blueprint("assets", __name__)

    @assets.get("/assets/<name>")
    def file(name: str) -> Response:
        asset = kept.kept.get(name)
        if asset is None:
            abort(404)
        response = Response(asset.content, mimetype=asset.mime)
        response.headers["Cross-Origin-Resource-Policy"] = worn_by
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return assets
