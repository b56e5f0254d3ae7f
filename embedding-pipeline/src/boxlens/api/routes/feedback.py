"""What people say of the hits of their searches."""

from __future__ import annotations

from fastapi import APIRouter

from boxlens.api.parameters import CollectionName
from boxlens.api.problems import problems
from boxlens.api.schemas.feedback import Kept, Mark
from boxlens.api.services import ServicesDep
from boxlens.domain.judgements import feedback
from boxlens.library.feedback import FeedbackLog

router = APIRouter(prefix="/v1/collections/{collection}", tags=["search"])


@router.post("/feedback", summary="Mark a hit as right or wrong", responses=problems(401, 404, 413, 415, 422, 503))
def mark_hit(collection: CollectionName, body: Mark, services: ServicesDep) -> Kept:
    """Kept for `boxlens eval --from-feedback` where the owner allows it, and nowhere else."""
    services.index.setup(collection)
    if not services.settings.api.keep_feedback:
        return Kept(kept=False)
    FeedbackLog(services.settings.data_dir, collection).add(feedback.Mark(body.text, body.image_id, body.judgement))
    return Kept(kept=True)
