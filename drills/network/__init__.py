"""A TCP proxy of ours between a service and its clients, or its rail: it delays, withholds and refuses."""
