"""Tests of `services.jobs.scheduling`."""
