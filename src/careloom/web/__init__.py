"""Server-rendered pages in the look of the NHS design system: the connectathon's, live, and the hub's own."""

from careloom.web.live import pages
from careloom.web.site import hub_site

__all__ = ["hub_site", "pages"]
