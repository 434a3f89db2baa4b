"""`gonogo init`: a starting folder of one's own, from answers and an OpenAPI document."""
