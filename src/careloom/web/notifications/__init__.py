"""The console: pages for those who run notifications, made of what the hub's own operations answer."""

from careloom.web.notifications.pages import console_routes

__all__ = ["console_routes"]
