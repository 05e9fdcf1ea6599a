"""Tests of `services.monitoring`."""
