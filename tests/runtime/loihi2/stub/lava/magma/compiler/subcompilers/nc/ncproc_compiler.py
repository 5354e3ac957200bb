"""Stand-in."""


class CompilerOptions:
    """Options of the compiler."""

    verbose = False


class NcProcCompiler:
    """Compiles nothing."""
