"""The faults of rehearsals: one for each shipped runbook."""
