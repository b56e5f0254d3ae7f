"""What is said where a collection and a pack do not fit together."""

from __future__ import annotations

import pytest

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import PackMismatch
from boxlens.index.names import require_same_pack


@pytest.mark.parametrize(
    ("requested", "way_out"),
    [
        (PackInfo("photos", "2", 320, 384), "boxlens collections swap shop --pack photos"),
        (PackInfo("demo", "1", 128, 128), "BOXLENS_PACK"),
    ],
)
def test_the_way_out_is_one_that_leads_out(requested: PackInfo, way_out: str) -> None:
    with pytest.raises(PackMismatch) as refused:
        require_same_pack("shop", PackInfo("photos", "1", 512, 384), requested)
    assert way_out in refused.value.hint
