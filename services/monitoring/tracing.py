"""Traces of jobs for OpenTelemetry, where an endpoint is set; nothing of it is loaded otherwise.

Hides the SDK, which is an extra: `pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http`. A span knows
its job by the id only. Spans are sent from the SDK's own thread and never hold a job up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from importlib import import_module
from typing import Any

from services.monitoring.logs import about

log = logging.getLogger(__name__)

_SERVICE = "wan-studio"
_SENDING_TAKES_AT_MOST = 3
"""Seconds: a collector that is away does not hold up the end of the studio."""


class Tracing:
    """Spans of jobs. Without a tracer they only say in the log which job is worked on."""

    def __init__(self, tracer: Any = None) -> None:  # Any: the SDK is loaded by name, where it is wanted
        self._tracer = tracer

    @contextmanager
    def span(self, name: str, job_id: str) -> Iterator[None]:
        """One step of a job, `submit` for example; a failure inside is marked and goes on."""
        with about(job_id), self._open(name, job_id):
            yield

    def _open(self, name: str, job_id: str) -> AbstractContextManager[object]:
        if self._tracer is None:
            return nullcontext()
        return self._tracer.start_as_current_span(name, attributes={"studio.job_id": job_id})


UNTRACED = Tracing()


@asynccontextmanager
async def tracing(endpoint: str | None) -> AsyncIterator[Tracing]:
    """Send spans to an OTLP endpoint (HTTP) while this is open; what is left is sent at the end. None sends nothing."""
    provider = _provider(endpoint) if endpoint else None
    if provider is None:
        yield UNTRACED
        return
    try:
        yield Tracing(provider.get_tracer(_SERVICE))
    finally:
        await asyncio.to_thread(provider.shutdown)


def _provider(endpoint: str) -> Any:  # Any: as above
    try:
        sdk = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        resources = import_module("opentelemetry.sdk.resources")
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        log.warning(
            "no traces are sent: install opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http (%s)", error.name
        )
        return None
    provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": _SERVICE}))
    address = f"{endpoint.rstrip('/')}/v1/traces"
    exporter = otlp.OTLPSpanExporter(endpoint=address, timeout=_SENDING_TAKES_AT_MOST)
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    return provider
