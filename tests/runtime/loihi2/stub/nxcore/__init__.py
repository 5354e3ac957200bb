"""Stand-in for the driver."""
