"""The three methods as their papers would be compared: units of work, tables, plots: `make papers`."""
