"""What the steps of a drill do: one function each, and the table of all of them."""
