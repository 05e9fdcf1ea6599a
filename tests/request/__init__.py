"""Tests of `services.request`."""
