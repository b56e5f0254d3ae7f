"""What a person may be about to type: words of a collection by what was typed so far."""
