"""The log of the evidence store: signed lines, each naming the one before it; what is wrong with a log is named."""
