"""Server-rendered pages in the look of the NHS design system, live by server-sent events."""

from careloom.web.live import pages

__all__ = ["pages"]
