"""Tests of `services.domain`."""
