"""Checks of the page's scripts: style, types and units."""
