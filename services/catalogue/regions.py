"""The vendor's regions."""

import re
from datetime import date

from services.catalogue.schema import Region, Source

_PAGE = Source(
    page="Base URLs of Model Studio",
    url="https://www.alibabacloud.com/help/model-studio/base-url",
    checked=date(2026, 11, 22),
)


def _region(region_id: str, label: str, *, code: str, shared: str) -> Region:
    """Build a region. `shared` is the shared host, or an empty string if each workspace has only its own."""
    return Region(
        id=region_id,
        label=label,
        code=code,
        base_url=f"https://{shared}/api/v1" if shared else "",
        workspace_url=f"https://{{workspace}}.{code}.maas.aliyuncs.com/api/v1",
        source=_PAGE,
    )


REGIONS = (
    _region("singapore", "Singapore", code="ap-southeast-1", shared="dashscope-intl.aliyuncs.com"),
    _region("virginia", "Virginia", code="us-east-1", shared="dashscope-us.aliyuncs.com"),
    _region("beijing", "Beijing", code="cn-beijing", shared="dashscope.aliyuncs.com"),
    _region("frankfurt", "Frankfurt", code="eu-central-1", shared=""),
    _region("tokyo", "Tokyo", code="ap-northeast-1", shared=""),
    _region("hongkong", "Hong Kong", code="cn-hongkong", shared="cn-hongkong.dashscope.aliyuncs.com"),
)

_SHORT_FORMS = {
    "singapore": ("intl", "international", "sg", "global"),
    "virginia": ("us", "usa"),
    "beijing": ("cn", "china", "mainland"),
    "frankfurt": ("eu", "de", "germany"),
    "tokyo": ("jp", "japan"),
    "hongkong": ("hk",),
}
"""Other names that people and programs use for a region."""


def region_named(text: str) -> Region | None:
    """Find a region by its id, its name, the vendor's code, the first part of its host, or a usual short form."""
    wanted = _letters(text)
    for region in REGIONS:
        host = region.base_url.partition("://")[2].partition(".")[0]
        usual = (region.id, region.label, region.code, *_SHORT_FORMS[region.id])
        # Hong Kong's host begins with its code. Beijing's begins with the vendor's name, which identifies no region.
        known = (*usual, host, host.removeprefix("dashscope-")) if "-" in host else usual
        if wanted in {_letters(name) for name in known}:
            return region
    return None


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
