"""Mail that carries codes: composed when it is sent, delivered outside of every request and transaction."""
