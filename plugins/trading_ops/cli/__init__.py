"""The command line: one verb per operator action, in files named like the nouns they work on."""
