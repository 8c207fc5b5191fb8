"""Running the server: its sockets, its engine in the background, its end."""

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

_STRANGERS_MISTAKES = Seldom()

_KEEP_ALIVE_S = 75
"""Longer than a load balancer keeps an idle connection: else it sends a request into one that closes."""
_BACKLOG = 2048
_MOST_CONNECTIONS_WITHOUT_SOCKET = 2_000
"""Beside ``MAX_SOCKETS``: many times the requests that any machine speaks at once."""
_LAST_BYTES_S = 5
"""What was said already may take so long to leave."""
_UNBOUNDED_RESULT_MB = 1_000.0
"""RunPod's limit on a job's result does not hold for HTTP, and a stream is never all in memory."""


def serve(settings: Settings, server_settings: ServerSettings) -> None:
    """Serve until told to end by SIGTERM or SIGINT, or until the engine is beyond help.

    Raises ``CannotListen`` when a port cannot be had.
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
        log.warning("API_KEY is not set: whoever reaches this server may speak")
    server.run(sockets=sockets)
    if backend.state == "loading" or backend.has_failed_for_good:
        logging.shutdown()
        os._exit(1 if backend.has_failed_for_good else 0)  # a thread would hold a normal exit up


def make_server(backend: Backend, outer_watchdog: OuterWatchdog | None = None) -> PatientServer:
    """Return uvicorn's server of a backend, to be run on sockets that listen."""
    settings = backend.server_settings
    for name in ("uvicorn.error", "uvicorn.error.sockets"):
        logging.getLogger(name).addFilter(_STRANGERS_MISTAKES)
    config = uvicorn.Config(
        make_app(backend),
        http=patient_for(
            settings.header_timeout_s,
            backend.settings.stall_timeout_s,
            settings.max_sockets + _MOST_CONNECTIONS_WITHOUT_SOCKET,
        ),
        ws=BoundedSocket,
        ws_max_size=int(settings.max_body_mb * MEGABYTE),
        ws_per_message_deflate=False,  # audio does not shrink
        ws_ping_timeout=60,  # a machine that is short of breath must not cut a call
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LAST_BYTES_S,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level=backend.settings.log_level.lower(),
    )
    return PatientServer(config, backend, outer_watchdog)


def _listen(settings: ServerSettings) -> list[socket.socket]:
    """Listen on the port, and on the health port where it is another: RunPod may ask there."""
    wanted = {"Choose another address with --port or --host (PORT, LISTEN_HOST).": settings.port}
    if settings.port_health is not None and settings.port_health != settings.port:
        wanted["Set PORT_HEALTH to another port, or leave it out."] = settings.port_health
    return [_listen_on(settings.listen_host, port, remedy) for remedy, port in wanted.items()]


def _listen_on(host: str, port: int, remedy: str) -> socket.socket:
    # With the protocol named: asyncio turns off the gathering of small packets only then.
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
