"""Photos: from files to images of one size."""
