"""The chip as a back-end: the graph that is sent, what it consists of, and what it measured."""
