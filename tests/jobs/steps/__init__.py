"""Tests of `services.jobs.steps`."""
