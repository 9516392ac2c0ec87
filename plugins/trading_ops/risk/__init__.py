"""Sizing, the riskguard's checks and the decision: pure functions, Decimal only, nothing read from outside."""
