"""The vendor's regions."""

from datetime import date

from services.catalogue.schema import Region, Source

_PAGE = Source(
    page="Base URLs of Model Studio",
    url="https://www.alibabacloud.com/help/model-studio/base-url",
    checked=date(2026, 11, 22),
)


def _region(region_id: str, label: str, *, code: str, shared: str) -> Region:
    """A region; `shared` is the host that everyone uses, or nothing where each workspace has its own only."""
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
