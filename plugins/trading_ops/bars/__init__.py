"""
Bars: from a folder of vendor files to append-only rows in `raw`.

`sources` declares each vendor's layouts, `parse` reads one file without touching anything,
`files` finds the files, `append` stores what was accepted, `load` is what the desk calls.
"""
