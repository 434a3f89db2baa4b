"""The steps of drills, as documents write them; `drills.actions` executes them."""
