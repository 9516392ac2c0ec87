"""Parsers of the files below the top-level folder config/: policy, sources' markings, what a file holds."""
