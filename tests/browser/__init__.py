"""Journeys of a person through the page, in a real browser."""
