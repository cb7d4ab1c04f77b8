"""Paper text to keyphrases, aspects and topics. Pure: knows no store and no index."""
