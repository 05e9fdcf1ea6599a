"""Tests of `services.jobs.timing`."""
