"""What happened and when: git history now; receipts, the contract's clock and visits join it."""
