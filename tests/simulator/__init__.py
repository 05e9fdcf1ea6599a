"""Tests of `services.simulator`."""
