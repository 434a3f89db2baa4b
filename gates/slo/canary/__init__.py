"""The canary: an outside caller that pays, verifies receipts and takes its money back, again and again, and counts."""
