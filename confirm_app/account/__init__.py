"""What the broker shows and money that moved: the account's pages and their forms."""
