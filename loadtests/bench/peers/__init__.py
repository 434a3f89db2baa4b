"""What a user would build instead of the gateway, and the bare service that everything is held against."""
