"""
The broker's account statement: read as eToro writes it, checked against itself, held against the ledger.
"""
