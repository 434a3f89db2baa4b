"""A roster of three people for tests, whose parts can be replaced."""

from pathlib import Path

import msgspec

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PEOPLE = {
    "ada": {"name": "Ada Okafor", "page": "${GONOGO_PAGE_ADA}"},
    "ben": {"name": "Ben Ito", "page": "https://example.org/ben"},
    "cleo": {"name": "Cleo Sanz", "page": "https://example.org/cleo"},
}


def roster_spec(**changes: object) -> dict[str, object]:
    """Ada commands, Ben operates by day and Cleo by night; keyword arguments replace members, `duties` single duties."""
    duties = {
        "commander": [{"chain": ["ada", "ben", "cleo"]}],
        "operator": [
            {"from": "08:00", "until": "20:00", "chain": ["ben", "cleo", "ada"]},
            {"from": "20:00", "until": "08:00", "chain": ["cleo", "ben"]},
        ],
        "finance": [{"chain": ["cleo"]}],
        "security": [{"chain": ["ada"]}],
        "owner": [{"chain": ["ada", "cleo"]}],
        "support": [{"days": DAYS[:5], "from": "09:00", "until": "17:00", "chain": ["ben"]}],
    }
    duties |= changes.pop("duties", {})
    return {"zone": "Europe/Berlin", "watchdog": "https://example.org/watchdog", "people": PEOPLE, "duties": duties, **changes}


def write_roster(path: Path, **changes: object) -> Path:
    """Write it as a document."""
    spec = {key: value for key, value in roster_spec(**changes).items() if value is not None}
    document = {"apiVersion": "gonogo/v1", "kind": "Roster", "metadata": {"name": path.stem}, "spec": spec}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.yaml.encode(document))
    return path
