"""Networks of one step, or a few, on pictures: Conv-BN-Hoyer blocks, their fold into integers, training on those."""
