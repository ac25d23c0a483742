"""Security headers: nothing from elsewhere, nothing inline, nothing framed by others."""

from flask import Flask, Response, request

#: Our pages take style, script and pictures from ourselves alone; a page with mail in it may frame our own route.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def set_headers(app: Flask) -> None:
    """Every answer carries them; one that set its own policy keeps it."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        if request.endpoint != "assets.file":
            response.headers["Cache-Control"] = "no-store"
        return response
