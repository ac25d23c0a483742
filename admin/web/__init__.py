"""The humans' side in a browser: a page is one noun, and a file is one page."""

from admin.web.app import create_app

__all__ = ["create_app"]
