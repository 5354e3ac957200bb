"""Published figures beside ours: `make validate`."""
