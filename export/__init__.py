"""The compiler: from a trained model to a network description, and from there to a ``.net`` file and back."""
