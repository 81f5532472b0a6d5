"""Random rule books run through the engine in every way it can run, against the reference."""
