"""Stand-ins for the outside world: a market of fictional companies and an executor that clicks."""
