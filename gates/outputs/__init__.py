"""One report of a verdict, and the formats that other programs read it in: one file each."""
