"""Other people's netx files, as lava-dl writes them, read strictly."""
