"""Letters: what is in one, and how it leaves. Knows nothing of who reads here."""
