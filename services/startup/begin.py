"""The first steps of our programs: read the settings, fix the network, make the home. A sentence for each problem.

Hides the origin of a setting and how a settings error becomes a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from services.environment import setting_values
from services.environment.console import CannotStart, let_every_letter_through, say_all
from services.environment.env_files import EnvFile, read_env_file
from services.environment.home import expanded, make_home, settle_temporary_files
from services.environment.variables import ENV_FILE, ENVIRONMENT, Given, cleaned, gathered, places
from services.settings import REGIONAL, Settings, region_of
from services.startup.database import refuse_unusable
from services.startup.libraries import mend_numbers
from services.startup.network import PROXIES, mend_network, shown
from services.startup.unknown_settings import unknown_names

_LONGEST_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class Found:
    """The settings and their origins."""

    settings: Settings
    given: Mapping[str, Given]
    files: tuple[EnvFile, ...]
    remarks: tuple[str, ...]
    """The things that were fixed or ignored, one sentence each."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """The result of a start that may continue."""

    settings: Settings
    remarks: tuple[str, ...]


def begin() -> Started:
    """Read the settings, and make the network environment safe and the home usable. Raises CannotStart."""
    let_every_letter_through()
    found = look_at_settings()
    said = (*found.remarks, *mend_environment(found.settings), *make_ready(found.settings))
    return Started(settings=found.settings, remarks=said)


def settings_of_a_command() -> Settings:
    """Return the settings of a command that does not serve, and print the remarks on them. Raises CannotStart."""
    let_every_letter_through()
    found = look_at_settings()
    say_all(found.remarks)
    return found.settings


def make_ready(settings: Settings) -> list[str]:
    """Make the home and check that the database can be used. Returns remarks for a person. Raises CannotStart."""
    home = make_home(settings.home)
    said = settle_temporary_files(home.path, os.environ)
    if home.is_low:
        said.append(
            f"The disk with {home.path} has only {home.free_bytes // 1_000_000} MB left. Please make some room."
        )
    refuse_unusable(settings)
    return said


def look_at_settings() -> Found:
    """Read every setting. Raises CannotStart with a sentence for each wrong setting."""
    where = places(Settings.model_config.get("env_file"), os.environ)
    read = [(path, read_env_file(path)) for path in where]
    files = tuple(file for _, file in read if file is not None)
    given = gathered(os.environ, files)
    wrong = [file.refused for file in files if file.refused]
    chosen = cleaned(os.environ.get(ENV_FILE, ""))
    wrong += [
        f"{ENV_FILE} names {path}, which does not exist." for path, file in read if file is None and str(path) == chosen
    ]
    wrong += _unread_values(files, given)
    settings: Settings | None = None
    try:
        settings = Settings()
        if not wrong:
            expanded(settings.studio_home)
    except ValidationError as error:
        wrong += [_sentence(dict(each), given) for each in error.errors(include_url=False)]
    except CannotStart as error:
        wrong += error.sentences
    if wrong or settings is None:
        raise CannotStart(*dict.fromkeys(wrong))
    remarks = [file.skipped for file in files if file.skipped]
    remarks += [_bad_line(file, number) for file in files for number in file.bad_lines]
    remarks += [*unknown_names(given), *_odd_keys(given)]
    return Found(settings=settings, given=given, files=files, remarks=tuple(remarks))


def mend_environment(settings: Settings) -> list[str]:
    """Make the environment of this process safe for our libraries. Returns the changes, as sentences."""
    addresses = [settings.dashscope_base_url, *settings.dashscope_base_urls.values()]
    hosts = [urlsplit(address).hostname or "" for address in addresses if address]
    said = [*mend_numbers(os.environ), *mend_network(os.environ, hosts=hosts)]
    from services.dashscope import http  # noqa: PLC0415 - its HTTP library may only be loaded now

    if not http.proxies_are_usable():
        names = [name for proxy in (*PROXIES, "NO_PROXY") for name in (proxy, proxy.lower()) if name in os.environ]
        for name in names:
            del os.environ[name]
        said.append(f"{', '.join(names)} cannot be used together: the studio connects without a proxy.")
    return said


def _unread_values(files: tuple[EnvFile, ...], given: Mapping[str, Given]) -> list[str]:
    """Return a sentence for each setting whose value came from a file in an unknown encoding."""
    ours = {name.upper() for name in Settings.model_fields}
    return [
        f"{name} in {file.path} has letters that cannot be read. Save the file as UTF-8 and start again."
        for file in files
        for name in sorted(file.unreadable)
        if (name.upper() in ours or region_of(name.upper()))
        and name.upper() in given
        and given[name.upper()].origin == str(file.path)
    ]


def _sentence(error: Mapping[str, Any], given: Mapping[str, Given]) -> str:
    """Describe a wrong setting in a sentence: its name, value, origin, and the allowed values.

    Any: an error in pydantic's format.
    """
    field = str(error["loc"][0])
    variable = _variable(field, error["loc"][1:], given)
    name = variable.name if variable else field.upper()
    why = str(error.get("ctx", {}).get("error") or f"it is not understood ({error['msg'].lower()})")
    if variable is None:
        return f"{name} cannot be used: {why}."
    shows = "" if "KEY" in variable.name.upper() else f' is "{_shown(variable.value)}"'
    where = "in the environment" if variable.origin == ENVIRONMENT else f"in {variable.origin}"
    return f"{name}{shows} (set {where}): {why}." if shows else f"{name} (set {where}) cannot be used: {why}."


def _variable(field: str, inside: tuple[int | str, ...], given: Mapping[str, Given]) -> Given | None:
    begins = REGIONAL.get(field)
    if begins is None:
        return given.get(field.upper())
    of_region = (v for name, v in given.items() if name.startswith(begins) and region_of(name) in inside)
    return next(of_region, None)


def _shown(value: str) -> str:
    text = shown(value) if "://" in value else value
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def _bad_line(file: EnvFile, number: int) -> str:
    return f"Line {number} of {file.path} is not understood and is ignored. A line looks like STUDIO_PORT=7860."


def _odd_keys(given: Mapping[str, Given]) -> list[str]:
    """Return a sentence for each key that no region will accept.

    The studio starts all the same: existing results must stay viewable.
    """
    return [
        f"{variable.name} does not look like a key: it is too short, or has a space or a letter that no key has. "
        "Copy it again, whole, from the Model Studio console."
        for name, variable in sorted(given.items())
        if (name == "DASHSCOPE_API_KEY" or (name.startswith("DASHSCOPE_API_KEY_") and region_of(name)))
        and not setting_values.looks_like_a_key(setting_values.key(variable.value))
    ]
