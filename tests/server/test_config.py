"""Settings: where they come from, which counts, and what may be shown of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from server.config import ServerConfig, default_data_dir, redact_url, split_address


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TONGPIN_DATA", "TONGPIN_LISTEN", "TONGPIN_STORE", "TONGPIN_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_defaults_serve_an_embedded_book_on_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    config = ServerConfig()
    assert config.is_loopback
    assert config.store_url == f"sqlite:///{tmp_path / 'tongpin' / 'book.db'}"
    assert config.token_path == tmp_path / "tongpin" / "tokens.jsonl"


def test_data_folder_is_the_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGPIN_DATA", str(tmp_path / "here"))
    assert default_data_dir() == tmp_path / "here"
    assert ServerConfig().data == tmp_path / "here"


def test_arguments_stand_above_variables_above_the_file_above_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tongpin.toml").write_text(
        '[server]\nlisten = "127.0.0.1:1"\nbook = "toml"\ngrace_seconds = 7\n[other]\nx = 1\n',
        encoding="utf-8",
    )
    assert (ServerConfig().listen, ServerConfig().grace_seconds) == ("127.0.0.1:1", 7)
    monkeypatch.setenv("TONGPIN_LISTEN", "127.0.0.1:2")
    assert ServerConfig().listen == "127.0.0.1:2"
    config = ServerConfig(listen="127.0.0.1:3")
    assert (config.listen, config.book, config.log_level) == ("127.0.0.1:3", "toml", "info")


def test_other_file_is_read_where_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.toml").write_text('[server]\nbook = "x"\n', encoding="utf-8")
    monkeypatch.setenv("TONGPIN_CONFIG", str(tmp_path / "x.toml"))
    assert ServerConfig().book == "x"


def test_slip_in_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tongpin.toml").write_text('[server]\nlissen = "x:1"\n', encoding="utf-8")
    with pytest.raises(ValidationError, match="lissen"):
        ServerConfig()
    (tmp_path / "tongpin.toml").write_text("server = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not a table"):
        ServerConfig()


@pytest.mark.parametrize("address", ["x", ":1", "x:", "x:y", "x:70000"])
def test_address_needs_host_and_port(address: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        split_address(address)
    with pytest.raises(ValidationError):
        ServerConfig(listen=address)


@pytest.mark.parametrize(
    ("listen", "is_loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.8.8.8:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("192.0.2.1:1", False),
        ("example.invalid:1", False),
    ],
)
def test_loopback_is_told_from_the_address(listen: str, is_loopback: bool) -> None:
    assert ServerConfig(listen=listen).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ("postgresql://u:secret@h:5/db", "postgresql://u:***@h:5/db"),
        ("postgresql://u@h/db?password=secret", "postgresql://u@h/db?***"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert ServerConfig(store=url).redacted()["store"] == shown


def test_tls_takes_certificate_and_key(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="takes both"):
        ServerConfig(tls_certificate=tmp_path / "certificate.pem")
