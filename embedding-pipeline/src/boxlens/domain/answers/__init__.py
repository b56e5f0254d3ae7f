"""What is answered: hits, suggestions, counts by month and place, and what an answer of a part says of itself."""
