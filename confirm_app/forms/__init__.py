"""What every form of the page shares: figures, fields, one-time keys. All of it pure."""
