"""Other frameworks, in an environment of their own: nothing here imports this package's code, or is imported by it."""
