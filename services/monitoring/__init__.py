"""Monitoring: logs, metrics, traces, readiness, and the admin's page. Changes nothing that it watches.

`logs` writes one line per change of state, `stats` counts in the database, `loop_watchdog` notices when the process
stalls, `health` reports whether it can take jobs, `metrics` renders the numbers for Prometheus, `tracing` sends spans
to OpenTelemetry if configured. `admin` combines them. This package imports nothing by itself: the history needs `stats`
early.
"""
