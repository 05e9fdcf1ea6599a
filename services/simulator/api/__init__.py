"""The simulator's HTTP layer: routes, replies, streams and injected faults."""
