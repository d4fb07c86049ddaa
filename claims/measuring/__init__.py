"""From a case to a number: both sides, the worst case, false neighbours, and the token that replays it."""
