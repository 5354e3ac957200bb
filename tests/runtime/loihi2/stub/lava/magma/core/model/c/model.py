"""Stand-in."""


class AbstractCProcessModel:
    """Base of models for embedded CPUs."""


class CLoihiProcessModel(AbstractCProcessModel):
    """The same, in step with the chip."""
