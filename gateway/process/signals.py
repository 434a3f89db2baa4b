"""The signals that ask a gateway to end: a terminal that closes and Control-backslash ask as SIGTERM and SIGINT do."""

import signal

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def ending() -> tuple[signal.Signals, ...]:
    """Those that this process heeds. What its caller had ignored stays ignored: that is how `nohup` works."""
    return tuple(number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN)
