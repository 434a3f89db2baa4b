"""A stand-in for the load tests' command line: a small storm against the fake service, with the same files as a real one."""
