"""Load: retry storms, histories and the double-settle checker."""
