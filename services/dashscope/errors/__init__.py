"""Errors of DashScope: from an HTTP reply to our errors, and in words for people."""
