"""`python -m gateway`: the gateway's own command, without the rest of the toolkit."""

import sys

from gateway.cli import gateway
from gateway.process.entry import run

if __name__ == "__main__":
    sys.exit(run(gateway))
