"""Which incident the evidence speaks of: small pure rules, grouped by their subject."""
