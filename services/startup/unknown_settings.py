"""Variables that seem to be meant for the studio but are unknown to it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from services.catalogue.regions import REGIONS
from services.environment.variables import ENVIRONMENT, Given
from services.settings import REGIONAL, Settings, region_of

_OURS = re.compile(r"(WAN_?)?STUDIO_|DASH_?S?COPE?_?", re.IGNORECASE)
_OF_OTHERS = frozenset(
    {
        # The vendor's own Python package reads these.
        "DASHSCOPE_API_KEY_FILE_PATH",
        "DASHSCOPE_HTTP_BASE_URL",
        "DASHSCOPE_WEBSOCKET_BASE_URL",
        "DASHSCOPE_LOGGING_LEVEL",
        "DASHSCOPE_API_VERSION",
        "DASHSCOPE_API_REGION",
        "DASHSCOPE_DISABLE_DATA_INSPECTION",
    }
)
_OF_KUBERNETES = re.compile(r"STUDIO_(SERVICE_(HOST|PORT)|PORT_\d+_).*")
"""Set in every container next to a service called `studio`."""
_ALIKE = 0.8
_VERY_ALIKE = 0.88
"""For names without one of our prefixes."""


def known_names() -> list[str]:
    """Return the name of every variable that the studio reads."""
    single = [name.upper() for name in Settings.model_fields if name not in REGIONAL]
    return single + [begins + region.id.upper() for begins in REGIONAL.values() for region in REGIONS]


def unknown_names(given: Mapping[str, Given]) -> list[str]:
    """Return a sentence for each unknown variable, with the nearest known name."""
    known = known_names()
    said: list[str] = []
    for name, variable in sorted(given.items()):
        if name in known or region_of(name) or name in _OF_OTHERS or _OF_KUBERNETES.fullmatch(name):
            continue
        ours = _OURS.match(name) is not None
        near = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE if ours else _VERY_ALIKE)
        if not near and not (ours and name.startswith(("STUDIO_", "DASHSCOPE_"))):
            continue
        where = "the environment" if variable.origin == ENVIRONMENT else variable.origin
        meant = f" Did you mean {near[0]}?" if near else ""
        said.append(f"{variable.name} (in {where}) is no setting of the studio and is ignored.{meant}")
    return said
