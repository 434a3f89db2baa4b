"""The hostile-rail kit: payouts through a rail that misbehaves according to a script, and three books that are reconciled."""
