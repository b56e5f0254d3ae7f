"""Pictures as arrays: decoding, metadata, colours, perceptual hashes."""
