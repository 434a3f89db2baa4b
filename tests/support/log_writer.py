"""A process that writes to an evidence store, or is the first to use a state folder: for tests of several at once.

`python log_writer.py notes FOLDER NAME COUNT` lists COUNT runs; `python log_writer.py key HOME` loads the signer
and prints its id.
"""

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.evidence.dsse import Signer
from gates.evidence.keys import load_signer
from gates.evidence.store import EvidenceStore


def main(what: str, folder: str, name: str = "", count: str = "0") -> None:
    """Write, once a line arrives on stdin: then all processes of a test begin together."""
    sys.stdin.readline()
    if what == "key":
        sys.stdout.write(load_signer(Path(folder)).keyid + "\n")
        return
    signer, store = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32)))), EvidenceStore(Path(folder))
    for number in range(int(count)):
        store.begin_run(signer, step=name, target="local", seed=number)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


main(*sys.argv[1:])
