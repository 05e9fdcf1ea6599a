"""Tests of `components.tab`."""
