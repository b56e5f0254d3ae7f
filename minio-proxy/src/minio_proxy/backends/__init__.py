"""What holds the bytes: one port, a folder or a server that speaks S3 behind it."""
