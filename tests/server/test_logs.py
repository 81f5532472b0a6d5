"""Log lines: JSON for machines, without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server.logs import configure_logging


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


def test_lines_are_json_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    log = structlog.get_logger()
    log.debug("not shown")
    log.info("stream opened", stream="导入", token="tp_x", authorization="Bearer tp_x")
    out, err = capfd.readouterr()
    (line,) = err.splitlines()
    found = json.loads(line)
    assert out == ""
    assert (found["event"], found["level"], found["stream"]) == ("stream opened", "info", "导入")
    assert found["token"] == found["authorization"] == "***"
    assert found["timestamp"].endswith("Z")


def test_text_has_no_colours_outside_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "text")
    structlog.get_logger().info("ready", address="127.0.0.1:1")
    err = capfd.readouterr().err
    assert "address=127.0.0.1:1" in err
    assert "\x1b" not in err


def test_exceptions_stay_on_one_line_of_json(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "auto")
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
    (line,) = capfd.readouterr().err.splitlines()
    assert "ValueError" in json.loads(line)["exception"]
