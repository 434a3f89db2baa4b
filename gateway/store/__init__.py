"""Where the gateway's SQL lives."""
