"""Tests of `services.database`."""
