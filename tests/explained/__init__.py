"""Random posted lines explain themselves; what they say is checked by other means."""
