"""What a picture is: decoding, notes of the camera, colours, a hash of its looks."""
