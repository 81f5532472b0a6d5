"""How a client reaches a server: address, security, token, limits of the channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from grpc import aio

from tongpin_client.retrying import SERVICE_CONFIG

DEFAULT_ADDRESS = "127.0.0.1:50051"

Options = Sequence[tuple[str, int | str]]

# Answers to large batches are longer than what gRPC takes by default; requests are bounded by
# the server.
_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.max_receive_message_length", 64 * 2**20),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A server that was away for a while is found again within seconds.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 3_000),
    ("grpc.service_config", SERVICE_CONFIG),
    ("grpc.enable_retries", 1),
)


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """Where and as whom to call.

    Attributes:
        address: HOST:PORT.
        token: of the principal; None for the local user of a server on this machine.
        tls: use TLS with the system's authorities; or the PEM of the authorities to trust.
        timeout: seconds a single call may take.
    """

    address: str = DEFAULT_ADDRESS
    token: str | None = None
    tls: bool | bytes = False
    timeout: float = 30.0

    def __repr__(self) -> str:
        """The address alone: the token is a secret."""
        return f"Connection({self.address!r})"

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What every call carries."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def channel(self) -> grpc.Channel:
        """A blocking channel."""
        if self.tls:
            return grpc.secure_channel(self.address, self._credentials(), _OPTIONS)
        return grpc.insecure_channel(self.address, _OPTIONS)

    def async_channel(self) -> aio.Channel:
        """A channel for the running event loop."""
        if self.tls:
            return aio.secure_channel(self.address, self._credentials(), _OPTIONS)
        return aio.insecure_channel(self.address, _OPTIONS)

    def _credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.tls if isinstance(self.tls, bytes) else None)
