"""The ticket's pages: what a person sees, confirms and is asked about."""
