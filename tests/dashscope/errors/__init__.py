"""Tests of `services.dashscope.errors`."""
