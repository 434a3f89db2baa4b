"""The disk of a drill: files that lose what was not synced, and the faults that a disk can have."""
