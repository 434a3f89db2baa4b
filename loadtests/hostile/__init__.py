"""The hostile-rail kit: payouts through a rail that misbehaves by a script, and three books held against each other."""
