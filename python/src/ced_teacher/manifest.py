"""The manifest of a shard's outputs, written last: outputs without one are not finished."""
from __future__ import annotations

import json

from ced_teacher.contract import OutputManifest, PredictedShard, ShardRequest
from ced_teacher.failures import StoreDamaged
from ced_teacher.store import Store


def read_manifest(store: Store, request: ShardRequest, classes: int) -> OutputManifest | None:
    """
    :returns: that of an earlier attempt, if it is there
    :raises StoreDamaged: where it is no manifest, or one of other outputs
    """
    text = store.read(request.manifest_key)
    if text is None:
        return None
    try:
        manifest: OutputManifest = json.loads(text)
        same = (
            manifest["version"] == request.version
            and manifest["weightsSha256"] == request.weights_sha256
            and manifest["audio"] == request.audio.sha256
            and manifest["rowsSha256"] == request.rows.sha256
            and (manifest["rows"], manifest["classes"]) == (request.count, classes)
        )
        result_of(manifest, reused=True)
    except (ValueError, KeyError, TypeError) as fault:
        raise StoreDamaged("manifest", request.manifest_key, "it is no manifest") from fault
    if not same:
        fault_text = "it is of other outputs than the request's"
        raise StoreDamaged("manifest", request.manifest_key, fault_text)
    return manifest


def result_of(manifest: OutputManifest, reused: bool) -> PredictedShard:
    return {
        "rows": manifest["rows"],
        "bytes": manifest["bytes"],
        "sha256": manifest["sha256"],
        "reused": reused,
    }
