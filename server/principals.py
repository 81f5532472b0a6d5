"""Who calls: principals, the file of their tokens, the check of a token; not what they may do."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from engine.errors import CallerError, StoreError
from server.limits import MAX_PRINCIPALS, MAX_TOKEN_FILE_BYTES, TOKEN_FILE_CHECK_SECONDS
from server.peers import local_user, own_user
from server.roles import ALL_ROLES, Role

log = structlog.get_logger(__name__)

#: Seconds by which the clocks of two machines may differ when an expiry is judged.
CLOCK_SKEW_SECONDS = 60

#: What every token starts with, so that scanners find leaked ones.
_TOKEN_PREFIX = "tp_"  # noqa: S105 - a prefix, no secret
_TOKEN_BYTES = 32
_DIGEST = re.compile("[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_ANY_BUDGET_ROLE = "*"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls. `token_id` names the token without telling it; "" for the local user.

    `budget_roles`: names under which it may override a budget or vouch for who does; None = any.
    """

    name: str
    roles: frozenset[Role]
    token_id: str = ""
    budget_roles: frozenset[str] | None = frozenset()


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A line of the token file: a principal and the hash of one of its tokens.

    A token is 256 random bits, so that one SHA-256 keeps it as well as a slow hash would.
    `created`, `expires`: seconds since 1970-01-01; `expires` None = never. `budget_roles`: see
    `Principal`; "*" stands for any.
    """

    name: str
    roles: frozenset[Role]
    token_sha256: str
    created: int
    expires: int | None = None
    budget_roles: frozenset[str] = frozenset()

    @property
    def principal(self) -> Principal:
        """Whom the token makes."""
        any_role = _ANY_BUDGET_ROLE in self.budget_roles
        return Principal(
            self.name, self.roles, self.token_id, None if any_role else self.budget_roles
        )

    @property
    def token_id(self) -> str:
        """Eight digits that name the token in listings and logs."""
        return self.token_sha256[:8]

    def is_expired(self, now: float) -> bool:
        """Whether the token is past its end, clock differences allowed for."""
        return self.expires is not None and now > self.expires + CLOCK_SKEW_SECONDS


class NotAuthenticated(CallerError):
    """No principal can be told from the call."""

    def __init__(self, message: str) -> None:
        """Keeps the message; there is nothing else that may be told."""
        super().__init__("NOT_AUTHENTICATED", message)


# ---------------------------------------------------------------- the token file


def list_tokens(path: Path) -> list[TokenEntry]:
    """Reads a token file; an absent one has no entries.

    Raises:
        StoreError: the file cannot be read or a line of it is not an entry.
    """
    try:
        if path.stat().st_size > MAX_TOKEN_FILE_BYTES:
            raise StoreError(f"the token file {path.name} is too large")
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the token file {path.name} cannot be read: {error}") from error
    return [_read_entry(line, number) for number, line in enumerate(lines, start=1) if line.strip()]


def add_token(
    path: Path,
    name: str,
    roles: Iterable[Role | str],
    *,
    expires: int | None = None,
    budget_roles: Iterable[str] = (),
) -> str:
    """Adds a token for a principal and gives it; it is not kept and cannot be read again.

    A principal may have several tokens, so that one can be replaced without a gap.

    Args:
        path: the token file; made if absent.
        name: of the principal.
        roles: which calls it may make.
        expires: seconds since 1970-01-01 after which the token is refused; None = never.
        budget_roles: names under which it may override budgets; "*" = any.

    Raises:
        CallerError: the name or a role is not acceptable, or the principal has other roles.
        StoreError: the file cannot be read or written.
    """
    wanted, wanted_budget = _roles(roles), _budget_roles(budget_roles)
    if not _NAME.fullmatch(name):
        raise CallerError(
            "PRINCIPAL_NAME",
            f"{name!r} cannot name a principal; use 1 to 64 letters, digits and _ . @ -, "
            "beginning with a letter or digit",
        )
    if not wanted:
        raise CallerError("ROLE_UNKNOWN", f"{name} needs at least one role: {_role_names()}")
    entries = list_tokens(path)
    if len(entries) >= MAX_PRINCIPALS:
        raise CallerError("LIMIT_EXCEEDED", f"a token file holds at most {MAX_PRINCIPALS} tokens")
    for entry in entries:
        if entry.name == name and (entry.roles, entry.budget_roles) != (wanted, wanted_budget):
            has = ", ".join([*sorted(entry.roles), *sorted(entry.budget_roles)])
            raise CallerError(
                "PRINCIPAL_EXISTS", f"{name} exists with the roles {has}; revoke it to change them"
            )
    token = _TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    now = int(time.time())
    entries.append(TokenEntry(name, wanted, _digest(token), now, expires, wanted_budget))
    _write(path, entries)
    return token


def revoke_token(path: Path, name: str, token_id: str = "") -> int:
    """Removes the tokens of a principal, or the one named; gives how many were removed."""
    entries = list_tokens(path)
    kept = [e for e in entries if e.name != name or (token_id and e.token_id != token_id)]
    if len(kept) < len(entries):
        _write(path, kept)
    return len(entries) - len(kept)


def _roles(names: Iterable[Role | str]) -> frozenset[Role]:
    try:
        return frozenset(Role(name) for name in names)
    except ValueError as error:
        raise CallerError("ROLE_UNKNOWN", f"{error}; roles are {_role_names()}") from None


def _budget_roles(names: Iterable[str]) -> frozenset[str]:
    found = frozenset(names)
    for name in found:
        if not _is_budget_role(name):
            raise CallerError(
                "ROLE_UNKNOWN",
                f"{name!r} cannot name a budget role; use 1 to 64 printable characters, "
                'or "*" for any',
            )
    return found


def _is_budget_role(name: object) -> bool:
    return isinstance(name, str) and name.isprintable() and 1 <= len(name.strip()) <= 64


def _role_names() -> str:
    return ", ".join(Role)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _read_entry(line: str, number: int) -> TokenEntry:
    try:
        raw = json.loads(line)
        if isinstance(raw.get("budget_roles"), str):
            raise ValueError("budget_roles is a list")
        entry = TokenEntry(
            name=raw["name"],
            roles=frozenset(Role(role) for role in raw["roles"]),
            token_sha256=raw["token_sha256"],
            created=raw["created"],
            expires=raw.get("expires"),
            budget_roles=frozenset(raw.get("budget_roles") or ()),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        # The line itself is not shown: what is wrong with it may be a token in the clear.
        raise StoreError(f"line {number} of the token file is not an entry") from None
    is_entry = _NAME.fullmatch(str(entry.name)) and _DIGEST.fullmatch(str(entry.token_sha256))
    if not (is_entry and all(map(_is_budget_role, entry.budget_roles))):
        raise StoreError(f"line {number} of the token file is not an entry")
    return entry


def _write(path: Path, entries: list[TokenEntry]) -> None:
    lines = [
        json.dumps(
            {
                "name": entry.name,
                "roles": sorted(entry.roles),
                "token_sha256": entry.token_sha256,
                "created": entry.created,
                "expires": entry.expires,
                "budget_roles": sorted(entry.budget_roles),
            },
            ensure_ascii=False,
        )
        for entry in entries
    ]
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise StoreError(f"the token file {path.name} cannot be written: {error}") from error


# ---------------------------------------------------------------- the check of a call


def own_principal() -> str:
    """Name of the principal that this process itself is: the operating system's user."""
    return _local_name(own_user())


def _local_name(user: str) -> str:
    return f"os:{user}"


class Authenticator:
    """Tells the principal of a call.

    Without a token file a server on loopback takes the operating-system user for the principal,
    with all roles and every budget role. From the moment a token file exists, tokens are
    required, also after the file was deleted.
    """

    def __init__(
        self,
        token_file: Path,
        *,
        is_loopback: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Reads the token file.

        Raises:
            StoreError: the file cannot be read, or it is absent and the server is open to others.
        """
        self._path = token_file
        self._clock = clock
        self._entries: dict[str, TokenEntry] = {}
        self._stamp: tuple[int, int, int] | None = None
        self._checked = 0.0
        self._needs_token = not is_loopback
        self._own_user = own_user()
        self._load()
        if not is_loopback and self._stamp is None:
            raise StoreError(
                "a server that listens beyond loopback needs a token file; make one with "
                "`tongpin token add NAME --role ROLE`"
            )

    @property
    def needs_token(self) -> bool:
        """Whether calls without a token are refused."""
        return self._needs_token

    def principal(self, authorization: str | None, peer: str) -> Principal:
        """The principal of a call.

        Raises:
            NotAuthenticated: no token, an unknown one, or one that is past its end.
        """
        self._reload_if_due()
        if not self._needs_token:
            return self._local_user(peer)
        if not authorization:
            raise NotAuthenticated("the call carries no token; send `authorization: Bearer TOKEN`")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("the authorization is not of the form `Bearer TOKEN`")
        entry = self._entries.get(_digest(token.strip()))
        if entry is None:
            raise NotAuthenticated("the token is not known here; it may have been revoked")
        if entry.is_expired(self._clock()):
            raise NotAuthenticated("the token has expired")
        return entry.principal

    def is_current(self, principal: Principal) -> bool:
        """Whether a principal told earlier would still be told now."""
        self._reload_if_due()
        if not principal.token_id:
            return not self._needs_token
        now = self._clock()
        return any(
            entry.token_id == principal.token_id
            and entry.name == principal.name
            and not entry.is_expired(now)
            for entry in self._entries.values()
        )

    def _local_user(self, peer: str) -> Principal:
        user = local_user(peer)
        if user is None:
            raise NotAuthenticated("without a token only callers on this machine are known")
        own = self._own_user
        user = user or own
        if user not in {own, "root"}:
            raise NotAuthenticated(
                f"this server knows its own user {own} only; others need a token"
            )
        return Principal(_local_name(user), ALL_ROLES, budget_roles=None)

    def _reload_if_due(self) -> None:
        now = time.monotonic()
        if now - self._checked < TOKEN_FILE_CHECK_SECONDS:
            return
        self._checked = now
        try:
            self._load()
        except StoreError as error:
            # Those who were known stay known: a slip while editing must not lock everyone out.
            log.error("token file not read again", problem=str(error))

    def _load(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            if self._stamp is not None:
                self._stamp, self._entries = None, {}
                log.warning("token file gone", note="every token is refused until it is back")
            return
        except OSError as error:
            raise StoreError(f"the token file cannot be read: {error}") from error
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp == self._stamp:
            return
        self._needs_token = True
        entries = list_tokens(self._path)
        self._entries = {entry.token_sha256: entry for entry in entries}
        self._stamp = stamp
        at = datetime.fromtimestamp(found.st_mtime, tz=UTC).isoformat(timespec="seconds")
        log.info("token file read", tokens=len(entries), changed=at)
