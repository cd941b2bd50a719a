"""Findings, plans and progress as people and machines see them; colour and layout live only here."""
