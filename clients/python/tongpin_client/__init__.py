"""The client library, which knows the wire and nothing behind it."""

__all__: list[str] = []
