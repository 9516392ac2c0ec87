"""
The instruments the desk knows: their file, their names at each vendor, what is stored, what is switched off.
"""
