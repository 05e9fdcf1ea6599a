"""The look-alike over HTTP: routes, replies, streams and injected faults."""
