"""Training with lava-dl SLAYER blocks: frame masks, cutoff regularisation, checkpoints."""
