"""Who is at the other end of a connection on this machine: loopback or not, and which user."""

from __future__ import annotations

import getpass
import ipaddress
import os
import time
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

#: Seconds for which the user of a connection is remembered. A port is not given to another
#: program within the minute after it was closed.
_REMEMBER_SECONDS = 30
_TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}


def is_loopback_host(host: str) -> bool:
    """Whether an address to listen on is reachable from this machine only."""
    if host.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def local_user(peer: str) -> str | None:
    """Who owns the other end of a call, where `peer` is as gRPC writes it.

    Returns:
        The user's name, "" where the system does not tell, None if it is another machine.
    """
    return _remembered_user(peer, int(time.monotonic()) // _REMEMBER_SECONDS)


def own_user() -> str:
    """Who this process runs as, told by the system and not by its environment."""
    return _user_name(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _plain(host: _Address) -> _Address:
    mapped = getattr(host, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else host


def _address(peer: str) -> tuple[_Address, int] | None:
    # gRPC writes `ipv4:127.0.0.1:5000` and `ipv6:%5B::1%5D:5000`.
    scheme, _, rest = unquote(peer).partition(":")
    host, _, port = rest.rpartition(":")
    if scheme not in {"ipv4", "ipv6"} or not port.isdecimal():
        return None
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]), int(port)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _remembered_user(peer: str, window: int) -> str | None:
    # `window` is the time in steps of _REMEMBER_SECONDS, so that an old answer is asked again.
    del window
    if peer.startswith("unix:"):
        return ""
    address = _address(peer)
    if address is None or not _plain(address[0]).is_loopback:
        return None
    host, port = _plain(address[0]), address[1]
    for version in sorted({host.version, 6}):  # an IPv4 connection may stand in the IPv6 table
        user = _owner(_TABLES[version], f"{_hex(host, version)}:{port:04X}")
        if user:
            return user
    return ""


def _hex(host: _Address, version: int) -> str:
    # The kernel writes each 32-bit word in the machine's order, least significant byte first.
    packed = host.packed
    if version == 6 and len(packed) == 4:
        packed = bytes(10) + b"\xff\xff" + packed
    words = (packed[start : start + 4][::-1] for start in range(0, len(packed), 4))
    return b"".join(words).hex().upper()


def _owner(table: Path, local: str) -> str:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ""
    for line in lines:
        columns = line.split()
        # Columns: slot, local address, remote address, state, queues, timer, retransmits, uid.
        # State 01 is an established connection; others no longer have their owner.
        if columns[1] == local and columns[3] == "01":
            return _user_name(int(columns[7]))
    return ""


def _user_name(uid: int) -> str:
    try:
        import pwd  # noqa: PLC0415 - there is none on Windows

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return str(uid)
