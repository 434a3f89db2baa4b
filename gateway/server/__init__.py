"""What runs the gateway: the server, its front process, its writing process and the channel between them."""
