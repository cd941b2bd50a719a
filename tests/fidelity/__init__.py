"""The oracle against a live Asterisk: dial plans and calls made by chance, compared step by step."""
