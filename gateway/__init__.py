"""The reference payment gateway: idempotent settlement on SQLite, served by Litestar."""
