"""What is established of the rest; a package, so that no other distribution's `tests` hides it."""
