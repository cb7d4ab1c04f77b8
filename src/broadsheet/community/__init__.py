"""What readers do with papers together: votes, comments, submissions, the editors' desk, claims of authors."""
