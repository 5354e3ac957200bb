"""Stand-in."""


class AbstractNcProcessModel:
    """Base of models for neuro-cores."""
