"""The steps of a setup: each gives one event, and the machine says what comes next."""
