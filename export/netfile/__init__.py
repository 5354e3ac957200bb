"""The ``.net`` file of this project: what it holds, writing it, reading it strictly, older versions."""
