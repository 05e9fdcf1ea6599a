"""The vendor's regions."""

from datetime import date

from services.catalogue.schema import Region, Source

_PAGE = Source(
    page="Base URLs of Model Studio",
    url="https://www.alibabacloud.com/help/model-studio/base-url",
    checked=date(2026, 11, 22),
)

REGIONS = (
    Region(
        id="singapore",
        label="Singapore",
        code="ap-southeast-1",
        base_url="https://dashscope-intl.aliyuncs.com/api/v1",
        workspace_url="https://{workspace}.ap-southeast-1.maas.aliyuncs.com/api/v1",
        source=_PAGE,
    ),
    Region(
        id="virginia",
        label="Virginia",
        code="us-east-1",
        base_url="https://dashscope-us.aliyuncs.com/api/v1",
        workspace_url="https://{workspace}.us-east-1.maas.aliyuncs.com/api/v1",
        source=_PAGE,
    ),
    Region(
        id="beijing",
        label="Beijing",
        code="cn-beijing",
        base_url="https://dashscope.aliyuncs.com/api/v1",
        workspace_url="https://{workspace}.cn-beijing.maas.aliyuncs.com/api/v1",
        source=_PAGE,
    ),
)
