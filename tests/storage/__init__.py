"""Tests of `services.storage`."""
