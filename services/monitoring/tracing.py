"""Traces of jobs for OpenTelemetry, if an endpoint is set; otherwise none of it is loaded.

Hides the SDK, which is an extra: `pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http`. A span knows
its job only by the id. Spans are sent from the SDK's own thread and never delay a job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from importlib import import_module
from typing import Any

from services.monitoring.logs import about

log = logging.getLogger(__name__)

_SERVICE = "wan-studio"
_SENDING_TAKES_AT_MOST = 3
"""Seconds: an unreachable collector does not delay the studio's shutdown."""


class Tracing:
    """Spans of jobs. Without a tracer they only mark the current job in the log."""

    def __init__(self, tracer: Any = None) -> None:  # Any: the SDK is loaded by name, if it is wanted
        self._tracer = tracer

    @contextmanager
    def span(self, name: str, job_id: str) -> Generator[None, None, None]:
        """Run one step of a job, for example `submit`, inside this context. An error is recorded and propagates."""
        with about(job_id), self._open(name, job_id):
            yield

    def _open(self, name: str, job_id: str) -> AbstractContextManager[object]:
        if self._tracer is None:
            return nullcontext()
        return self._tracer.start_as_current_span(name, attributes={"studio.job_id": job_id})


UNTRACED = Tracing()


@asynccontextmanager
async def tracing(endpoint: str | None) -> AsyncGenerator[Tracing, None]:
    """Send spans to an OTLP endpoint (HTTP) inside this context; the rest is sent at the end. None sends nothing."""
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
