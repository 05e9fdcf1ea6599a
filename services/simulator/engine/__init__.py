"""The simulator behind its HTTP layer: validation, limits, the life of tasks, storage."""
