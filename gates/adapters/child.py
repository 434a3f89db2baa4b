"""The child process in which one source is queried: it reads an order on stdin, and writes the answer to stdout."""

import ctypes
import os
import resource
import signal
import sys

import msgspec

from gates.adapters.answer import answer
from gates.adapters.shape import Scene
from gates.schema.source import Request

_PR_SET_PDEATHSIG = 1


class Order(msgspec.Struct, frozen=True):
    """What is request, and where."""

    request: Request
    scene: Scene


def main() -> None:
    """Answer one order; what a library prints goes to stderr, so that stdout holds the answer alone."""
    with os.fdopen(os.dup(1), "wb") as product:
        os.dup2(2, 1)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
        os.environ.update(order.scene.environ)
        product.write(msgspec.json.encode(answer(order.request, order.scene)))


if __name__ == "__main__":
    main()
