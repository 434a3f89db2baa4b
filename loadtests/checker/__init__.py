"""The double-settle checker: what clients were told, held against what the books say, payment by payment."""
