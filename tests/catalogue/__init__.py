"""Tests of `services.catalogue`."""
