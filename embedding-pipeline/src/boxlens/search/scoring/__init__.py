"""What a match is worth: ranked lists fused into a score, calibrated to a relevance of 0..1, and cut at a threshold."""
