"""The double-settle checker: compares clients' responses with the books, payment by payment."""
