"""Hosts of agents: where each keeps its list of MCP servers, and how our entry comes into it without another byte changing."""
