"""Networks as ONNX graphs, built from their tensors: timm ViTs and the towers of Chinese-CLIP."""
