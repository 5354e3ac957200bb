"""Where two runs of a network part, and which single fault explains it."""
