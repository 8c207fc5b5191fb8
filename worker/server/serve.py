"""Runs the server: listening sockets, engine loading in the background, shutdown."""

import logging
import os
import socket

import uvicorn

from voices.library import VoiceLibrary
from worker.errors import CannotListen
from worker.server.app import make_app
from worker.server.backend import Backend
from worker.server.ending import PatientServer
from worker.server.patience import patient_for
from worker.server.settings import MEGABYTE, ServerSettings
from worker.server.socket_protocol import BoundedSocket
from worker.service.outer_watchdog import OuterWatchdog
from worker.service.service import SpeechService
from worker.settings import Settings
from worker.telemetry.logs import set_up_logging
from worker.telemetry.seldom import Seldom

log = logging.getLogger(__name__)

_RATE_LIMIT = Seldom()

_KEEP_ALIVE_S = 75
"""Longer than a load balancer's idle timeout: otherwise it may reuse a connection that is closing."""
_BACKLOG = 2048
_MOST_CONNECTIONS_WITHOUT_SOCKET = 2_000
"""In addition to ``MAX_SOCKETS``: many times the requests that any machine speaks at once."""
_LAST_BYTES_S = 5
"""Timeout for the last bytes at shutdown."""
_UNBOUNDED_RESULT_MB = 1_000.0
"""RunPod's limit on a job's result does not apply to HTTP, and a stream is never entirely in memory."""


def serve(settings: Settings, server_settings: ServerSettings) -> None:
    """Serve until SIGTERM, SIGINT or an unrecoverable engine failure.

    Raises ``CannotListen`` for a port that is not available.
    """
    set_up_logging(settings.log_level, settings.log_format)
    if "max_result_mb" not in settings.model_fields_set:
        settings = Settings(**settings.model_dump(exclude_unset=True), max_result_mb=_UNBOUNDED_RESULT_MB)
    library = VoiceLibrary.at(*settings.voices_dir)
    backend = Backend(lambda: SpeechService.start(settings), library, settings, server_settings)
    sockets = _listen(server_settings)
    if settings.metrics_port is not None:
        backend.metrics.listen(settings.metrics_host, settings.metrics_port)
    server = make_server(backend, OuterWatchdog(settings.engine_timeout_s))
    log.info("listening on %s", ", ".join(f"http://{host}:{port}" for host, port in map(_address, sockets)))
    if server_settings.is_open_to_all:
        log.warning("API_KEY is not set: anyone who reaches this server may speak")
    server.run(sockets=sockets)
    if backend.state == "loading" or backend.has_failed_for_good:
        logging.shutdown()
        os._exit(1 if backend.has_failed_for_good else 0)  # the loading thread would delay a normal exit


def make_server(backend: Backend, outer_watchdog: OuterWatchdog | None = None) -> PatientServer:
    """Return uvicorn's server for a backend, to be run on listening sockets."""
    settings = backend.server_settings
    for name in ("uvicorn.error", "uvicorn.error.sockets"):
        logging.getLogger(name).addFilter(_RATE_LIMIT)
    config = uvicorn.Config(
        make_app(backend),
        http=patient_for(
            settings.header_timeout_s,
            backend.settings.stall_timeout_s,
            settings.max_sockets + _MOST_CONNECTIONS_WITHOUT_SOCKET,
        ),
        ws=BoundedSocket,
        ws_max_size=int(settings.max_body_mb * MEGABYTE),
        ws_per_message_deflate=False,  # audio does not compress
        ws_ping_timeout=60,  # a machine under load must not end a call
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LAST_BYTES_S,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level=backend.settings.log_level.lower(),
    )
    return PatientServer(config, backend, outer_watchdog)


def _listen(settings: ServerSettings) -> list[socket.socket]:
    """Listen on the port, and on a separate health port, where RunPod asks for ``/ping``."""
    wanted = {"Choose another address with --port or --host (PORT, LISTEN_HOST).": settings.port}
    if settings.port_health is not None and settings.port_health != settings.port:
        wanted["Set PORT_HEALTH to another port, or leave it out."] = settings.port_health
    return [_listen_on(settings.listen_host, port, remedy) for remedy, port in wanted.items()]


def _listen_on(host: str, port: int, remedy: str) -> socket.socket:
    # With an explicit IPPROTO_TCP: asyncio sets TCP_NODELAY only then.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise CannotListen(host, port, error, remedy) from error
    return listening


def _address(listening: socket.socket) -> tuple[str, int]:
    host, port = listening.getsockname()[:2]
    return (f"[{host}]" if ":" in host else host), port
