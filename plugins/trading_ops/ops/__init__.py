"""Running the desk: the halt, and symbols it switches off by itself."""
