"""The networks: detector, image and text encoders, OCR."""
