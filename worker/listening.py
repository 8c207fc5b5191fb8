"""An address that cannot be listened on."""


class CannotListen(OSError):
    """The message names the address, why it cannot be had, and which setting chooses another."""

    def __init__(self, host: str, port: int, error: OSError, remedy: str) -> None:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__(f"cannot listen at {place}: {error.strerror or error}. {remedy}")
