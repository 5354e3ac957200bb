"""What netx and the chip do not have, made of what they have: pools, skips, transposed convolutions."""
