"""NIR graphs: other frameworks' networks in, ours out, with a report of what was rounded or lost."""
