"""Trained SLAYER blocks to layers of integers that send the same messages."""
