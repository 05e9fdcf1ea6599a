"""The studio's numbers in Prometheus' text format.

Hides prometheus-client. All numbers are read on request, from a snapshot, so they cannot drift from the truth. No label
contains a person, a prompt or a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.domain.jobs import JobStatus
from services.monitoring.health import Health
from services.monitoring.loop_watchdog import LoopWatchdog
from services.monitoring.stats import Failures, Queue

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """All reported numbers at one moment."""

    jobs: Mapping[JobStatus, int]
    queues: tuple[Queue, ...]
    failures: tuple[Failures, ...]
    """Those of the last 24 hours."""
    health: Health
    loop: LoopWatchdog
    disk_free_bytes: int
    disk_total_bytes: int
    now: int
    """Milliseconds since 1970."""


def render(numbers: Numbers) -> bytes:
    """Render the numbers for Prometheus: text format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(numbers))
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        numbers = self._numbers
        jobs = GaugeMetricFamily("studio_jobs", "Jobs by state", labels=["status"])
        for status, count in numbers.jobs.items():
            jobs.add_metric([status.value], count)
        failed = GaugeMetricFamily("studio_failures_last_day", "Jobs that failed in 24 hours", labels=["code"])
        for failure in numbers.failures:
            failed.add_metric([failure.code or "none"], failure.count)
        yield from (jobs, failed)
        yield from _lines(numbers.queues, now=numbers.now)
        yield from _process(numbers)


def _lines(queues: Iterable[Queue], *, now: int) -> Iterable[Metric]:
    labels = ["account", "model"]
    waiting = GaugeMetricFamily("studio_lane_waiting", "Jobs that wait for a lane", labels=labels)
    busy = GaugeMetricFamily("studio_lane_busy", "Lanes in use", labels=labels)
    lanes = GaugeMetricFamily("studio_lane_limit", "Lanes that may be in use, as learnt", labels=labels)
    published = GaugeMetricFamily("studio_lane_published_limit", "Lanes as the provider documents", labels=labels)
    pause = GaugeMetricFamily("studio_lane_pause_seconds", "For how long nothing is sent", labels=labels)
    for queue in queues:
        names = [queue.bucket.account, queue.bucket.vendor_model]
        waiting.add_metric(names, queue.waiting)
        busy.add_metric(names, queue.busy)
        if queue.limits is not None:
            lanes.add_metric(names, queue.limits.slots)
            published.add_metric(names, queue.limits.running_limit)
            pause.add_metric(names, max(0, queue.limits.cooldown_until - now) / 1000)
    return (waiting, busy, lanes, published, pause)


def _process(numbers: Numbers) -> Iterable[Metric]:
    loop, health = numbers.loop, numbers.health
    part = GaugeMetricFamily("studio_ready", "Whether what a job needs is there", labels=["part"])
    for name, fine in (("database", health.database), ("engine", health.engine), ("disk", health.disk)):
        part.add_metric([name], int(fine))
    return (
        part,
        GaugeMetricFamily("studio_disk_free_bytes", "Free on the disk of the results", value=numbers.disk_free_bytes),
        GaugeMetricFamily("studio_disk_total_bytes", "Size of the disk", value=numbers.disk_total_bytes),
        CounterMetricFamily("studio_loop_blocked", "Times the event loop was held over 50 ms", value=loop.blocked),
        CounterMetricFamily("studio_loop_blocked_seconds", "Time in which it was held", value=loop.seconds),
        GaugeMetricFamily("studio_loop_longest_seconds", "The longest of them", value=loop.longest_seconds),
    )
