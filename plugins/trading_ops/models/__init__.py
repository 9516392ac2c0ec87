"""Exported datasets, the registry of models and what they said."""
