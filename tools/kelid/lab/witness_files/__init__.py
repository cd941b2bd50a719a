"""The witness's program on a lab host: Python's standard library only, 3.9 and newer."""
