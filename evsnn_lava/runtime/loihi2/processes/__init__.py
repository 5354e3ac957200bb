"""The host's processes at both ends of the graph that runs on the chip."""
