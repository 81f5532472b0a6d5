"""The command line, which puts engine, rules, service and client together."""

__all__: list[str] = []
