"""The networks of photographs: the frozen backbone, the detector, the two towers, and two for the ViT role."""
