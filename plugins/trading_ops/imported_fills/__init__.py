"""Fills of another executor, read from its own export: what it says, exactly, or a refusal."""
