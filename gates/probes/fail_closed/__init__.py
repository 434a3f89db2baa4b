"""The probe fail-closed: a table of requests that must be refused, each sent, and what the refusal must look like."""
