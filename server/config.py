"""Settings: defaults, then tongpin.toml, then TONGPIN_* variables, then arguments."""

from __future__ import annotations

import os
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from server.peers import is_loopback_host

CONFIG_FILE = "tongpin.toml"
DEFAULT_LISTEN = "127.0.0.1:50051"
_BOOK_FILE = "book.db"
_TOKEN_FILE = "tokens.jsonl"  # noqa: S105 - the name of a file


def default_data_dir() -> Path:
    """The data folder: what TONGPIN_DATA names, else the platform's place for a user's data."""
    named = os.environ.get("TONGPIN_DATA")
    if named:
        return Path(named)
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_DATA_HOME")
    return Path(base or Path.home() / ".local" / "share") / "tongpin"


class ServerConfig(BaseSettings):
    """Everything that can be set. In tongpin.toml the names are the same, in table [server]."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="TONGPIN_", extra="forbid", frozen=True, validate_default=True
    )

    data: Path = Field(default_factory=default_data_dir, description="folder for what we store")
    store: str = Field("", description="URL of the store; empty = a file in the data folder")
    book: str = Field("main", min_length=1, max_length=64, description="name of the book")
    entities: tuple[str, ...] = Field((), description="legal entities of a new book, first first")
    strict: bool = Field(True, description="an event with an undeclared field is invalid")
    publishing: Literal["auto", "single", "four_eyes"] = Field(
        "auto", description="persons it takes to publish; auto = two where a new book has tokens"
    )
    listen: str = Field(DEFAULT_LISTEN, description="HOST:PORT; port 0 takes a free one")
    rules: Path | None = Field(None, description="folder of the rule book to publish at start")
    token_file: Path | None = Field(None, description="principals; default in the data folder")
    tls_certificate: Path | None = Field(None, description="PEM chain; with tls_key turns TLS on")
    tls_key: Path | None = Field(None, description="PEM key of the certificate")
    metrics_listen: str = Field("", description="HOST:PORT for Prometheus; empty = none")
    ready_file: Path | None = Field(None, description="written with the address once ready")
    reflection: bool = Field(True, description="let generic clients discover the services")
    grace_seconds: int = Field(30, ge=0, le=3600, description="time to finish calls when stopping")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "text"] = "auto"

    @field_validator("listen", "metrics_listen")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if value:
            split_address(value)
        return value

    @model_validator(mode="after")
    def _check_tls(self) -> ServerConfig:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("TLS takes both tls_certificate and tls_key")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Puts the file below the variables, and those below the arguments."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _ServerTable(settings_cls)

    @property
    def store_url(self) -> str:
        """URL of the store, the embedded file where none is named."""
        return self.store or f"sqlite:///{(self.data / _BOOK_FILE).absolute().as_posix()}"

    @property
    def token_path(self) -> Path:
        """The token file."""
        return self.token_file or self.data / _TOKEN_FILE

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback_host(split_address(self.listen)[0])

    def redacted(self) -> dict[str, object]:
        """The settings as they may be shown: passwords in URLs are left out."""
        shown: dict[str, object] = self.model_dump(mode="json")
        shown["store"] = redact_url(self.store_url)
        return shown


class _ServerTable(TomlConfigSettingsSource):
    """Table [server] of the file that TONGPIN_CONFIG names, or of ./tongpin.toml."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls, Path(os.environ.get("TONGPIN_CONFIG", CONFIG_FILE)))

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        table = super()._read_file(file_path).get("server", {})
        if not isinstance(table, dict):
            raise ValueError(f"[server] in {file_path.name} is not a table")
        return table


def split_address(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; an IPv6 host stands in brackets.

    Raises:
        ValueError: it is not of that form.
    """
    host, separator, port = address.rpartition(":")
    if not (separator and host and port.isdecimal() and int(port) <= 65_535):
        raise ValueError(f"{address!r} is not HOST:PORT, such as {DEFAULT_LISTEN}")
    return host, int(port)


def redact_url(url: str) -> str:
    """A URL without its password and without its query, which may hold one."""
    parts = urlsplit(url)
    if not parts.netloc and not parts.query:
        return url
    host = parts.netloc.rpartition("@")[2]
    user = parts.username
    netloc = f"{user}:***@{host}" if parts.password and user else parts.netloc
    return urlunsplit((parts.scheme, netloc, parts.path, "***" if parts.query else "", ""))
