"""The daily edition: who gets one, what is in it, when it leaves, and what became of it."""
