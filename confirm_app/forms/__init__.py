"""What every form of the page shares: fields, figures and what was posted. All of it is pure."""
