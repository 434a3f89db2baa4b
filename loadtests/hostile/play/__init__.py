"""Running of hostile-rail faults: clients, faults and processes."""
