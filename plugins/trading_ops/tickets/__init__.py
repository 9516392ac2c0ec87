"""
The ticket: what a person executes this week, or why nobody executes anything.

`build` decides what a ticket says and `render` how it reads, both pure; `issue` stores exactly
one per plan run, in one transaction with its mail.
"""
