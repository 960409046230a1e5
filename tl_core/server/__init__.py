"""What a shared server adds: whose uploads these are and how long they stay, and rooms."""
