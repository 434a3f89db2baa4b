"""Which adapter reads which source? One row each."""

from gates.adapters import attestation, command, file, http, junit, k6, locust, own, prometheus, sarif
from gates.adapters.shape import Adapter

ADAPTERS: dict[str, Adapter] = {
    "attestation": attestation.ADAPTER,
    "command": command.ADAPTER,
    "file": file.ADAPTER,
    "http": http.ADAPTER,
    "junit": junit.ADAPTER,
    "k6": k6.ADAPTER,
    "locust": locust.ADAPTER,
    "own": own.ADAPTER,
    "prometheus": prometheus.ADAPTER,
    "sarif": sarif.ADAPTER,
}
