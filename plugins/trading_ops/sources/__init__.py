"""
Asking vendors: what a source is, its layouts and its place on the network, replies and what may go wrong.

`vendors` holds one module each; `config` parses config/sources.yml and the file of keys. What comes in
is stored by `bars`.
"""
