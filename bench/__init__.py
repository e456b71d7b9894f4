"""The benchmark: Signalbox beside Linux."""
