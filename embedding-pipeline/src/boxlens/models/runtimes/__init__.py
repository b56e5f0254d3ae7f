"""What runs a network file: onnxruntime, OpenVINO, torch; and which of them is fastest here."""
