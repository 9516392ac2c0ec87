"""The ledger: entries a person or a split caused. Balances are derived, never stored."""
