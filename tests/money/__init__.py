"""Tests of `services.money`."""
