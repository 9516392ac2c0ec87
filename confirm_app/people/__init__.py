"""Who is there: accounts, sign-in, sessions and the brake on guessing."""
