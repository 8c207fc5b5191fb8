"""Ports: whether the HTTP server and the metrics server can listen."""

import socket
from collections.abc import Iterator

from worker.doctor.finding import Finding, Subject, ok, warning


def check_ports(subject: Subject) -> Iterator[Finding]:
    """Try to bind each configured port."""
    settings, server = subject.settings, subject.server_settings
    wanted = {"PORT": (server.listen_host, server.port)}
    if server.port_health is not None and server.port_health != server.port:
        wanted["PORT_HEALTH"] = (server.listen_host, server.port_health)
    if settings.metrics_port is not None:
        wanted["METRICS_PORT"] = (settings.metrics_host, settings.metrics_port)
    for name, (host, port) in wanted.items():
        why = _refusal(host, port)
        if why is None:
            yield ok("port", f"{name}: {host}:{port} is free")
        else:
            yield warning(
                "port",
                f"{name}: {host}:{port} cannot be bound: {why}",
                f"Set {name} to another port, unless this worker itself is listening there.",
            )


def _refusal(host: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        return error.strerror or str(error)
    return None
