"""The namespace of the wire format; each API version is a package below it."""
