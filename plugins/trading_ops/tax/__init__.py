"""What the tax office asks of a book: gains by the UK's share matching rules, as information."""
