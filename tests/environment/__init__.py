"""Tests of `services.environment`."""
