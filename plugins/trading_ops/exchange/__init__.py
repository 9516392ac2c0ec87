"""
New York's days and hours, both clocks, and symbols that are no company: the only place that knows a calendar.
"""
