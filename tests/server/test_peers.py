"""Who is at the other end of a connection on this machine."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.peers import is_loopback_host, local_user


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        yield client


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system has no such table")
def test_owner_of_a_connection_is_found(connection: socket.socket) -> None:
    host, port = connection.getsockname()
    assert local_user(f"ipv4:{host}:{port}") == getpass.getuser()
    # gRPC shows an IPv4 peer of an IPv6 listener like this.
    assert local_user(f"ipv6:%5B::ffff:{host}%5D:{port}") == getpass.getuser()


@pytest.mark.parametrize(
    ("peer", "user"),
    [
        ("ipv4:127.0.0.1:1", ""),
        ("ipv6:%5B::1%5D:1", ""),
        ("unix:/run/tongpin", ""),
        ("ipv4:192.0.2.1:5", None),
        ("ipv6:%5B2001:db8::1%5D:5", None),
        ("nonsense", None),
        ("ipv4:x:1", None),
        ("ipv4:127.0.0.1:x", None),
    ],
)
def test_peers_without_a_known_owner(peer: str, user: str | None) -> None:
    assert local_user(peer) == user


def test_hosts_of_this_machine() -> None:
    assert is_loopback_host("unix:/run/x")
    assert not is_loopback_host("")
