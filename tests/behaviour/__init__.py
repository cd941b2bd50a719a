"""The behaviour suite: edits of a site's YAML, the calls that the behaviour diff names for them, and a live Asterisk."""
