"""What a call does: Asterisk's dial plan, interpreted by Asterisk's own rules, without an Asterisk."""
