"""What the back-ends cost, measured side by side: ``python -m benchmarks``, or ``make bench``."""
