"""Pages members come in by: links in letters and their preferences."""

from inbound.web.app import create_app

__all__ = ["create_app"]
