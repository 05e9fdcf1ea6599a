"""Watching the work: logs, metrics, traces, readiness, and what an admin sees. Changes nothing of what it watches.

`logs` writes one line per change of state, `tally` counts in the database, `loop` notices when the process stands
still, `health` says whether it can take jobs, `metrics` puts numbers into Prometheus' words, `tracing` sends spans to
OpenTelemetry where it is configured. `watch` gathers them. Imports nothing by itself: the history needs `tally` early.
"""
