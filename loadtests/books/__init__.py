"""The books of a service as it shows them: ledger entries, receipts and balances, read over HTTP."""
