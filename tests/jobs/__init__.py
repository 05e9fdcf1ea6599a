"""Tests of `services.jobs`."""
