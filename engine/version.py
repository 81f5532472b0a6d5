"""The version of the engine, as written into every commit header."""

from __future__ import annotations

ENGINE_VERSION = "0.3.0"
