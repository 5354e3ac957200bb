"""Check whether a network fits on a chip and computes there what it computes here."""
