"""The look-alike behind its HTTP: judging requests, limits, the life of tasks, storage."""
