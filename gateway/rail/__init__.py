"""The rail: where money leaves to the outside world, behind one protocol."""
