"""Where everything about receipt keys is in a drill's folder."""

FOLDER = "keys"
PINNED, PUBLISHED_BEFORE, PUBLISHED = f"{FOLDER}/pinned.json", f"{FOLDER}/before.json", f"{FOLDER}/after.json"
"""The keys that a verifier had pinned; what the service published then, and at the end."""

EARLY, FORGED, RECEIPTS = f"{FOLDER}/receipts-before.jsonl", f"{FOLDER}/forged.jsonl", f"{FOLDER}/receipts.jsonl"
"""The receipts that the service listed when the keys were pinned; those of the thief; and all of them at the end."""

KEY_FILES = {
    "keys_pinned": PINNED,
    "keys_published_before": PUBLISHED_BEFORE,
    "keys_published": PUBLISHED,
    "receipts_before": EARLY,
    "receipts_forged": FORGED,
    "receipts": RECEIPTS,
}
"""What the measures about keys are computed from: its name in a report, and its path."""
