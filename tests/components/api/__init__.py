"""Tests of `components.api`."""
