# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the parts of other files that follow from the core: make reference

They are the tables of the pages of flags, status codes, events and host settings, the options of host settings in the
documentation of modules, and the declarations of iscsidsc.dll in Iscsidsc.cs. A part begins at the comment ``begin
NAME`` and ends at ``end NAME``. A test fails when a part is out of date.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import (
    codecs,
    host_settings,
    layout,
    prototypes,
    status,
)
from ansible_collections.winstorage.iscsi.plugins.module_utils.model import event_codes
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import profiles

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs/docsite/rst"
RUNNER = ROOT / "plugins/module_utils/Iscsidsc.cs"
FRAGMENT = ROOT / "plugins/doc_fragments/state.py"
WIDTH = 120


def literal(text):
    return f"``{text}``"


def table(headings, rows):
    """The lines of a table."""
    lines = [".. list-table::", "    :header-rows: 1", ""]
    for first, *others in [headings, *rows]:
        lines += [f"    * - {first}", *[f"      - {cell}".rstrip() for cell in others]]
    return [*lines, ""]


# -- flags -------------------------------------------------------------------------------------------------------------


def flag_set(codec):
    """The bits of a flag set, and the contradictions that it warns of."""
    lines = table(
        ["Bit", "Name", "In iscsidsc.h"],
        [
            [literal(f"0x{bit:02x}"), literal(name), literal(codec.header_names[name])]
            for name, bit in codec.bits.items()
        ],
    )
    if codec.contradictions:
        lines += ["Told by a warning:", "", *[f"- {text}." for text in codec.contradictions], ""]
    return lines


def enumeration(codec):
    return table(
        ["Value", "Name", "In iscsidsc.h"],
        [[literal(value), literal(name), literal(codec.header_names[name])] for name, value in codec.values.items()],
    )


# -- status codes ------------------------------------------------------------------------------------------------------

# What people meet first comes first. A symbol stands for all codes with the same remedy.
SECTIONS = {
    "The host": (
        "ISDSC_SERVICE_NOT_RUNNING",
        "RPC_S_SERVER_UNAVAILABLE",
        "ERROR_ACCESS_DENIED",
        "ERROR_SERVICE_DISABLED",
        "ERROR_SERVICE_DOES_NOT_EXIST",
        "ERROR_WMI_GUID_NOT_FOUND",
        "ERROR_PROC_NOT_FOUND",
        "ISDSC_RESTRICTED_BY_GROUP_POLICY",
    ),
    "Portals and discovery": (
        "ISDSC_CONNECTION_FAILED",
        "ISDSC_DNS_NAME_UNRESOLVED",
        "ISDSC_INVALID_PORT_NUMBER",
        "ERROR_TIMEOUT",
        "ISDSC_PORTAL_NOT_FOUND",
        "ISDSC_INITIATOR_NOT_FOUND",
        "ERROR_INVALID_PARAMETER",
        "WSAEINVAL",
        "ERROR_INTERNAL_ERROR",
    ),
    "Logging in": (
        "ISDSC_AUTHENTICATION_FAILURE",
        "ISDSC_INVALID_CHAP_SECRET",
        "ISDSC_INVALID_LOGON_AUTH_TYPE",
        "ISDSC_LOGIN_FAILED",
        "ISDSC_TARGET_ALREADY_LOGGED_IN",
        "ISDSC_TARGET_NOT_FOUND",
        "ISDSC_TARGET_REMOVED",
        "ISDSC_TARGET_ERROR",
        "ISDSC_INVALID_ISCSI_NAME",
        "ISDSC_IPSEC_NOT_SUPPORTED_ON_OS",
    ),
    "Sessions and disks": (
        "ISDSC_DEVICE_BUSY_ON_SESSION",
        "ISDSC_SESSION_BUSY",
        "ISDSC_INVALID_SESSION_ID",
        "ISDSC_CANT_REMOVE_LAST_CONNECTION",
        "ISDSC_DEVICE_NOT_FOUND",
    ),
    "Saving and removing": (
        "ISDSC_COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA",
        "ISDSC_COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA",
        "ISDSC_TOO_MANY_SESSIONS",
        "ISDSC_PERSISTENT_LOGIN_TIMEOUT",
        "ISDSC_OPERATION_NOT_ALL_SUCCESS",
        "ISDSC_OPERATION_REQUIRES_REBOOT",
    ),
    "iSNS": ("ISDSC_ISNS_SERVER_NOT_FOUND", "ISDSC_ISNS_FIREWALL_BLOCKED"),
    "Recordings": ("NOT_RECORDED",),
    "Rarely": (
        "ERROR_INSUFFICIENT_BUFFER",
        "ERROR_NOACCESS",
        "ISDSC_REQUEST_NOT_SUPPORTED",
        "ISDSC_NON_SPECIFIC_ERROR",
    ),
}


def codes(found):
    return table(
        ["Number", "Symbol", "Windows says"],
        [[literal(code.number), literal(code.symbol), words(code.text)] for code in found],
    )


TYPED = r"(?:winstorage\.iscsi|ansible\.windows)\.\w+|\w+: (?:started|true|always)|\w+_\w+"


def words(text):
    """Text in which the names of plugins and what is typed are marked as such, and nothing else means anything."""
    escaped = re.sub(r"([*`|\\])", r"\\\1", text)
    return re.sub(TYPED, r"``\g<0>``", escaped)


def remedies(symbols):
    """For each remedy what to do, and the codes that it is for."""
    lines = []
    for symbol in symbols:
        hint = status.by_name(symbol).hint
        found = [code for code in status.KNOWN if code.hint == hint]
        own_first = sorted(found, key=lambda code: code.value <= 0xFFFF)
        lines += [*textwrap.wrap(words(hint), 118), "", *codes(own_first)]
    return lines


def heading(title):
    return [title, "-" * len(title), ""]


def troubleshooting():
    return [line for title, symbols in SECTIONS.items() for line in heading(title) + remedies(symbols)]


def others():
    """The codes without a remedy of their own."""
    return codes([code for code in status.KNOWN if not code.hint])


# -- events ------------------------------------------------------------------------------------------------------------

PLACEHOLDERS = {"{status}": " (status)", "{why}": ", and why", "{what}": "..."}


def event_meanings():
    rows = []
    for provider, meanings in event_codes.MEANINGS.items():
        for number, meaning in meanings.items():
            text = meaning.text
            for placeholder, shown in PLACEHOLDERS.items():
                text = text.replace(placeholder, shown)
            rows.append(
                [literal(provider), number, literal(meaning.kind), meaning.severity, text, words(meaning.remedy)]
            )
    return table(["Provider", "Id", "Kind", "Severity", "Meaning", "What to do"], rows)


def refusals():
    return table(
        ["Status", "Meaning"], [[literal(f"0x{code:04x}"), text] for code, text in event_codes.REFUSALS.items()]
    )


# -- host settings -----------------------------------------------------------------------------------------------------


def shown(setting, number):
    """A value of a setting as people write it."""
    value = setting.plain(number)
    return "" if value is None else str(value).lower()


UNITS = {"s": "seconds", "bytes": "bytes", "bool": "true, false"}


def bounds(setting):
    return "" if setting.is_flag else f"{setting.least} to {setting.most}"


def settings_of(group):
    """The settings of a group, with what holds while they are not set."""
    return table(
        ["Option", "In the registry", "Unit", "Bounds", "Default", "Meaning"],
        [
            [
                literal(each.option),
                literal(each.value),
                UNITS.get(each.unit, ""),
                bounds(each),
                shown(each, each.default),
                words(each.purpose),
            ]
            for each in group.settings
        ],
    )


def settings_pages():
    """What the page of host settings shows of each group, and of the profiles."""
    groups = {f"settings {group.name}": group for group in host_settings.GROUPS}
    return {
        **{name: lambda group=group: settings_of(group) for name, group in groups.items()},
        "profiles": profile_table,
        "profile sources": profile_sources,
    }


def profile_table():
    """The values of every profile."""
    rows = []
    for option, setting in host_settings.SETTINGS.items():
        values = [profile.values.get(option) for profile in profiles.PROFILES.values()]
        if any(values):
            rows.append([literal(option), *(shown(setting, advice.value) if advice else "" for advice in values)])
    return table(["Option", *map(literal, profiles.PROFILES)], rows)


def profile_sources():
    rows = []
    for name, profile in profiles.PROFILES.items():
        for source in dict.fromkeys(advice.source for advice in profile.values.values()):
            link = f"`{source.text} <{source.url}>`__"
            rows.append([literal(name), profile.title, words(profile.applies_to), link, source.date])
    return table(["Profile", "Array or service", "For", "Source", "As of"], rows)


PROFILE = """\
profile:
  description:
    - Values that a vendor recommends. A value that is declared beside it takes precedence.
    - Nothing is recommended by this collection itself. The vendors contradict each other.
"""


def option_lines(setting, group):
    default = shown(setting, setting.default)
    unit = UNITS.get(setting.unit) if not setting.is_flag else None
    text = [setting.purpose, f"In {unit}." if unit else "", f"Default of Windows is {default}." if default else ""]
    if not setting.is_flag:
        text.append(f"From {setting.least} to {setting.most}.")
    if not group.nested:
        text.append(f"Takes effect {group.effect}.")
    return [
        f"{setting.option}:",
        *wrapped(f'description: "{" ".join(filter(None, [f"C({setting.value}).", *text]))}"', 2),
        f"  type: {'bool' if setting.is_flag else 'int'}",
    ]


def wrapped(text, indent, following=2):
    room = WIDTH - 12  # the text is indented where it is used
    margins = {"initial_indent": " " * indent, "subsequent_indent": " " * (indent + following)}
    return textwrap.wrap(text, room, break_on_hyphens=False, **margins)


def documented_settings():
    """The options of host settings that come from tables, as the documentation of modules has them."""
    lines = ['_SETTINGS_OF_TABLES = r"""', *PROFILE.splitlines()]
    for name, profile in profiles.PROFILES.items():
        values = ", ".join(
            f"{option} {shown(host_settings.SETTINGS[option], advice.value)}"
            for option, advice in profile.values.items()
        )
        source = next(iter(profile.values.values())).source
        origin = f"{source.text}, {source.date}, U({source.url})"
        text = f"V({name}) - {profile.title}. {profile.applies_to} {values}. Source - {origin}."
        lines += wrapped(f"- {text}", 4)
    lines += ["  type: str", f"  choices: [{', '.join(profiles.PROFILES)}]"]
    for group in host_settings.GROUPS:
        if group.nested:
            text = f"Settings of {'MPIO' if group.name == 'mpio' else 'the initiator'}. Take effect {group.effect}."
            lines += [f"{group.name}:", *wrapped(f"description: {text}", 2), "  type: dict", "  suboptions:"]
        for setting in group.settings:
            lines += [f"{'    ' if group.nested else ''}{line}" for line in option_lines(setting, group)]
    return [*lines, '"""']


PARTS = {
    "flags": {
        "security flags": lambda: flag_set(codecs.SECURITY_FLAGS),
        "login flags": lambda: flag_set(codecs.LOGIN_FLAGS),
        "information specified": lambda: flag_set(codecs.INFORMATION_SPECIFIED),
        "target flags": lambda: flag_set(codecs.TARGET_FLAGS),
        "authentication types": lambda: enumeration(codecs.AUTH_TYPES),
        "digest types": lambda: enumeration(codecs.DIGEST_TYPES),
    },
    "status_codes": {"remedies": troubleshooting, "others": others},
    "events": {"events": event_meanings, "refusals": refusals},
    "host_settings": settings_pages(),
}


# -- declarations in C# ------------------------------------------------------------------------------------------------

# By the size of an integer. A BOOLEAN of the header is one byte, and any pointer an address: nothing to marshal.
CSHARP_TYPES = {1: "byte", 2: "ushort", 4: "uint", 8: "ulong"}
IMPORT = "        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]"
BOUND = "\N{NO-BREAK SPACE}"  # between a type and its name, while lines are broken


def declaration(function):
    """The lines that declare an export."""
    kinds = [argument.kind for argument in function.arguments]
    types = [CSHARP_TYPES[kind.size] if isinstance(kind, layout.Scalar) else "IntPtr" for kind in kinds]
    parameters = [type_ + BOUND + argument.name for type_, argument in zip(types, function.arguments)]
    head, tail = f"        public static extern uint {function.name}(", ", ".join(parameters) + ");"
    lines = [head + tail]
    if len(lines[0]) > WIDTH:
        lines = [head, *textwrap.wrap(tail, WIDTH, initial_indent=" " * 12, subsequent_indent=" " * 12)]
    return [IMPORT, *(line.replace(BOUND, " ") for line in lines)]


def declarations():
    return [line for function in prototypes.FUNCTIONS.values() for line in declaration(function)]


# -- writing -----------------------------------------------------------------------------------------------------------


def replaced(text, begin, end, lines):
    """The text with these lines between two others."""
    before, _begin, rest = text.partition(begin + "\n")
    _old, found, after = rest.partition(end + "\n")
    if not found:
        raise SystemExit(f"there is no part from {begin.strip()!r} to {end.strip()!r}")
    return "\n".join([before + begin, *lines, end + "\n"]) + after


def renewed(page):
    """The text of a page with the parts that follow from the core as they should be."""
    text = (PAGES / f"{page}.rst").read_text(encoding="utf-8")
    for name, make in PARTS[page].items():
        text = replaced(text, f".. begin {name}", f".. end {name}", ["", *make()])
    return text


def renewed_runner():
    """The text of Iscsidsc.cs with its declarations as they should be."""
    text = RUNNER.read_text(encoding="utf-8")
    begin, end = (f"        // {mark} exports" for mark in ("begin", "end"))
    return replaced(text, begin, end, declarations())


def renewed_fragment():
    """The text of the documentation that modules share, with the options of host settings as they should be."""
    text = FRAGMENT.read_text(encoding="utf-8")
    return replaced(text, "# begin host settings", "# end host settings", documented_settings())


def main():
    for page in PARTS:
        (PAGES / f"{page}.rst").write_text(renewed(page), encoding="utf-8")
    RUNNER.write_text(renewed_runner(), encoding="utf-8")
    FRAGMENT.write_text(renewed_fragment(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
