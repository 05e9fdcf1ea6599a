"""Tests of `services.startup`."""
