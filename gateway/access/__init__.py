"""Who may come in: sign-in by code, sessions, API keys, tenants, and the mail that carries codes."""
