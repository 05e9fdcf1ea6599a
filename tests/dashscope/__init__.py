"""Tests of `services.dashscope`."""
